"""Lockfiles understood by content: the format is recognised, the packages are what counts."""

from __future__ import annotations

import re

from baseline_pipeline.environment import conda_lock, requirements_txt, toml_locks
from baseline_pipeline.environment.lock import Lock, Package, content_digest, make_lock, moved

__all__ = ["Lock", "Package", "content_digest", "moved", "read_lockfile"]


def read_lockfile(name: str, text: str) -> Lock:
    """The packages that a lockfile pins.

    Args:
        name: The file's name; `.toml`, `.lock` and `.yml` help to recognise the format.
        text: Its content.

    Raises:
        ContractError: with file, line where there is one, and what would be accepted.

    Example:
        >>> read_lockfile("requirements.lock", "NumPy==2.4.6  # fast").packages[0].name
        'numpy'
    """
    if name.endswith((".yml", ".yaml")):
        return make_lock(name, conda_lock.parse(name, text))
    parse = toml_locks.parse if is_toml(name, text) else requirements_txt.parse
    return make_lock(name, parse(name, text))


def is_toml(name: str, text: str) -> bool:
    """Whether a lockfile is one of those in TOML: by its name, or by its first line that says anything.

    Example:
        >>> [is_toml("a.lock", one) for one in ("version = 1", "[[package]]", "--index-url=https://a.org", "numpy>=2")]
        [True, True, False, False]
    """
    start = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    return name.endswith(".toml") or re.match(r"\s*(\[|[A-Za-z_][\w-]*\s*=(?!=))", start) is not None
