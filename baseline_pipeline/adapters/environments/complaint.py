"""What an installer complains of, in one sentence: the package, and the innermost reason."""

from __future__ import annotations

import re

LINK = re.compile(r"\s{0,2}(?:error:|cause:|Caused by:|×|├─▶|╰─▶)\s*(?P<words>.*)")  # noqa: RUF001  # uv's own marks
"""A link of uv's chain of causes; what a package's own build printed is indented further."""
OUTPUT = re.compile(r"\[stdout\]|\[stderr\]|--- (stdout|stderr)")
HINTS = ("hint:", "help:")
REASON = re.compile(r"([\w.]*(Error|Exception|Exit)\b|(fatal |fatal)?error:|fatal:|ERROR:)", re.IGNORECASE)
"""How a compiler, git or Python begins the line that says why."""
LONGEST = 600
CALM = ("build backend returned", "Call to `")
"""Links that say no more than that something failed."""

MAKE_ROOM = "make room, or let BASELINE_HOME lie elsewhere"
RESOLVE_ANEW = (
    "see the package that is named; resolve the lockfile anew for this platform. Packages come from the index that uv "
    "is configured with, whatever a lockfile says of indexes"
)
BEGIN_AGAIN = "begin again: what was fetched and built by then is found again"
ADVICE = {
    "No space left": MAKE_ROOM,
    "network was disabled": "what is not kept has to be fetched once: begin again with a network",
    "Failed to build": "lock a version that has a wheel for this Python and platform, or install what its build needs",
    "Request failed": f"see that the index or address that is named can be reached, and {BEGIN_AGAIN}",
    "Could not resolve host": f"see that the address that is named can be reached, and {BEGIN_AGAIN}",
    "Distribution not found at": "bring the file that is named: the lockfile takes a package from this machine",
}
"""What to do, by what uv said."""


def complaint(said: str) -> str:
    r"""The package that an installer stumbled over, and why, in one sentence; all it said, where it says no cause.

    Args:
        said: Everything that uv printed.

    Example:
        >>> complaint("error: Failed to build `a==1`\n  cause: Call to `setuptools` failed\n\n"
        ...           "         [stderr]\n         Traceback (most recent call last):\n"
        ...           "         OSError: no pkg-config\n         see the manual\n\nhint: a problem")
        'Failed to build `a==1`: OSError: no pkg-config'
        >>> complaint("error: No solution found\n  cause: Because there is no\n         version of a==9, none is left")
        'No solution found: Because there is no version of a==9, none is left'
    """
    links, output = _parted(said)
    if not links:
        return _shortened(said)
    kept = [links[0], *(one for one in links[1:-1] if one.startswith("Failed to"))]
    reason = _reason(output) or (links[-1] if not links[-1].startswith(CALM) else "")
    return _shortened(": ".join(dict.fromkeys(one.rstrip(":.") for one in [*kept, reason] if one)))


def advice(said: str) -> str:
    """What to do about it."""
    return next((step for words, step in ADVICE.items() if words in said), RESOLVE_ANEW)


def _parted(said: str) -> tuple[list[str], list[str]]:
    """The chain of causes, and the lines that the last of them quotes."""
    links: list[str] = []
    output: list[str] = []
    quoting = False
    for line in said.splitlines():
        link = LINK.match(line)
        words = line.strip(" │")
        if link:
            links.append(link["words"].strip())
            quoting, output = False, []
        elif links and words.startswith(HINTS):
            break
        elif links and OUTPUT.match(words):
            quoting = True
        elif quoting:
            output.append(words)
        elif links and words:
            links[-1] += f" {words}"
    return links, output


def _reason(output: list[str]) -> str:
    """The last line that says why; the last of all, where none does."""
    said = [line for line in output if line.strip("^~- ")]
    return next((line for line in reversed(said) if REASON.match(line)), said[-1] if said else "")


def _shortened(words: str) -> str:
    joined = " ".join(words.split())
    return joined if len(joined) <= LONGEST else f"{joined[:LONGEST]} ..."
