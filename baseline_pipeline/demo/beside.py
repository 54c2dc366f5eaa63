"""What happens on another core while the story goes on."""

from __future__ import annotations

import gc
import multiprocessing
import signal
from typing import TYPE_CHECKING, Any, Self

from baseline_pipeline.errors import EvidenceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from types import TracebackType

SOON = 10.0
"""Seconds that a process gets to tidy up before it is killed."""


class Beside:
    """A generator that runs in a process of its own; what it gives is taken in order, when it is wanted.

    The process ends with the `with` block, finished or not.

    Args:
        generator: A function of a module; its module is imported by the new process.
        arguments: What it is called with; pickled.

    Example:
        >>> with Beside(range, 2, 4) as other:
        ...     (other.take(), other.take())
        (2, 3)
    """

    def __init__(self, generator: Callable[..., Any], *arguments: object) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
        self._answers, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_give, args=(theirs, generator, arguments), daemon=True)
        self._process.start()
        theirs.close()

    def take(self) -> Any:
        """The next thing it gives.

        Raises:
            EvidenceUnavailable: when the process ended before it gave one.
            Exception: what the generator raised.
        """
        try:
            value, error = self._answers.recv()
        except EOFError:
            self._process.join()
            message = f"a process beside this one ended without an answer (exit code {self._process.exitcode})"
            raise EvidenceUnavailable(message, next_step="see that memory is free, and try again") from None
        if error is not None:
            raise error
        return value

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._answers.close()
        self._process.terminate()
        self._process.join(SOON)
        self._process.kill()
        self._process.join()


def _give(answers: Connection, generator: Callable[..., Iterator[object]], arguments: tuple[object, ...]) -> None:
    """Run the generator; SIGTERM ends it as Ctrl-C does, so that what it started ends, too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.set_threshold(100_000, 20, 100)  # as the command line does
    try:
        for value in generator(*arguments):
            answers.send((value, None))
    except (KeyboardInterrupt, BrokenPipeError):
        return  # nobody listens any more
    except Exception as error:  # whatever it is, it is raised where the answer is taken
        answers.send((None, error))
