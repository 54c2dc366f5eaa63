"""uv building one environment: within a time, told as it goes, and with a log of what failed."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.environments.built import NotBuilt
from baseline_pipeline.adapters.environments.calling_uv import call_uv
from baseline_pipeline.adapters.environments.complaint import BEGIN_AGAIN, advice, complaint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONGEST = 1800.0
"""Seconds that an environment may be built for."""
SHOWN = re.compile(r"^(Resolved|Prepared|Installed|Downloading|Building|   Built)")


class Installer:
    """uv's calls for one environment: they share a time, and what they said when they failed is kept beside it.

    Args:
        name: The lockfile's name.
        log: Where what uv said is left if it fails.
        progress: Told what uv is at.
    """

    def __init__(self, name: str, log: Path, progress: Callable[[str], None]) -> None:
        self.name, self.log, self.progress = name, log, progress
        self.until = time.monotonic() + LONGEST

    def tries(self, words: list[str]) -> bool:
        """Whether uv can do it."""
        return call_uv(words, seconds=self._left()).code == 0

    def does(self, words: list[str]) -> None:
        """Have uv do it.

        Raises:
            NotBuilt: with the package and the reason; the rest stands in the log.
        """

        def hear(line: str) -> None:
            if SHOWN.match(line):
                self.progress(line.strip())

        answer = call_uv(words, seconds=self._left(), hear=hear)
        if answer.code == 0:
            return
        late = f"it was not done after {LONGEST:.0f} s; the last that was heard: {answer.last}"
        why, step = (late, BEGIN_AGAIN) if answer.code is None else (complaint(answer.said), advice(answer.said))
        message = f"the environment of {self.name} cannot be built: {why}"
        raise NotBuilt(message, next_step=step + self._kept(answer.said))

    def _left(self) -> float:
        return max(self.until - time.monotonic(), 1.0)

    def _kept(self, said: str) -> str:
        try:
            self.log.write_text(f"{said}\n", encoding="utf-8")
        except OSError:  # no room for it, either
            return ""
        return f"; all that uv said: {self.log}"
