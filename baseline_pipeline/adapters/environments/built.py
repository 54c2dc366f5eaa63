"""Environments that are there: what was built from a lockfile, or what this process runs in."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.records import Digest, digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKER = "environment.json"


class NotBuilt(EvidenceUnavailable):
    """A lockfile's packages cannot be resolved, fetched or built."""


@dataclass(frozen=True)
class Built:
    """An environment that is there.

    Attributes:
        key: Names it: interpreter, platform and what was asked for.
        folder: Where it is.
        packages: Version of everything installed, by name.
        left_out: What the lockfile names and the installer cannot bring.
        beyond: What was installed although the lockfile does not name it.
        version: Python's.
    """

    key: Digest
    folder: Path
    packages: Mapping[str, str]
    left_out: tuple[str, ...]
    beyond: tuple[str, ...]
    version: str = ""

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.folder / "bin" / "python"


def here() -> Built:
    """The environment that this process runs in."""
    from baseline_pipeline.adapters.environments.interpreter import installed_packages

    packages = dict(sorted(installed_packages().items()))
    key = digest_of(["here", platform.python_version(), platform.machine(), packages])
    return Built(key, Path(sys.prefix), packages, (), (), platform.python_version())
