"""Everything that can go wrong, in few kinds; each knows its exit code and the next step."""

from __future__ import annotations

import errno

BEGINNING, END = 160, 340
"""Letters that are kept of the words of an error that is not ours."""


class BaselineError(Exception):
    r"""A failure told to a person: what happened, and what to do about it.

    Args:
        message: What happened, naming the place and what stood there.
        next_step: What the reader can type or change now.

    Example:
        >>> str(BaselineError("no snapshot yet", next_step="run `baseline run demo`"))
        'no snapshot yet\n  next: run `baseline run demo`'
    """

    exit_code = 3

    def __init__(self, message: str, *, next_step: str = "") -> None:
        self.message = message
        self.next_step = next_step
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message}\n  next: {self.next_step}" if self.next_step else self.message


def foreign(error: BaseException) -> str:
    r"""Type and words of an error that is not ours, on one line.

    Of long ones the middle is left out: what failed stands at the beginning (of MLflow's, with all the rows), and why
    at the end.

    Example:
        >>> foreign(ValueError("could not convert\n  string to float: 'n/a'"))
        "ValueError: could not convert string to float: 'n/a'"
    """
    words = " ".join(str(error).split())
    if len(words) > BEGINNING + END:
        words = f"{words[:BEGINNING]} ... {words[-END:]}"
    return f"{type(error).__name__}: {words}"


def system_error(error: OSError) -> BaselineError:
    """What the system refused, in words, where nobody nearer knew what for.

    Example:
        >>> system_error(FileNotFoundError(2, "No such file or directory", "reports/gate.xml")).message
        'reports/gate.xml: No such file or directory'
    """
    place = " -> ".join(str(one) for one in (error.filename, error.filename2) if one is not None)
    words = f"{place}: {error.strerror}" if place else str(error.strerror or error or type(error).__name__)
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return BaselineError(words, next_step="make room on the disk, or name another place, and run again")
    if place:
        return BaselineError(words, next_step="check this path: its folder, its permissions, and the room there")
    return BaselineError(words, next_step="run `baseline doctor`; BASELINE_TRACEBACK=1 shows where it came from")


class UsageError(BaselineError):
    """The command line was called with words it does not know."""

    exit_code = 2


class ContractError(UsageError):
    """A contract, suite or settings file says something that is not accepted."""


class EvidenceUnavailable(BaselineError):
    """Something needed for a verdict could not be had: neither good news nor bad."""


class DataUnreadable(EvidenceUnavailable):
    """A source could not be read, or its rows break what the contract says of them."""


class DataNotThereYet(DataUnreadable):
    """The source is absent or still being written; asking again later may work."""


class StoreCorrupt(EvidenceUnavailable):
    """Stored bytes no longer match the digest they are named by."""


class TrackingUnavailable(EvidenceUnavailable):
    """The tracking server or registry is down, refuses, or lacks what was asked for."""


class ModelFailed(EvidenceUnavailable):
    """A model could not be loaded or could not predict."""


class ModelGone(ModelFailed):
    """An earlier model is not there any more: nothing can be said of it, good or bad."""


class NotInitialised(BaselineError):
    """The state directory is missing, foreign, or not the one the settings name."""
