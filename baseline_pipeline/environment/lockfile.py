"""Lockfiles understood by content: the format is recognised, the packages are what counts."""

from __future__ import annotations

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
    start = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    if name.endswith((".yml", ".yaml")):
        return make_lock(name, conda_lock.parse(name, text))
    if name.endswith(".toml") or start.startswith("[") or ("=" in start and "==" not in start and "@" not in start):
        return make_lock(name, toml_locks.parse(name, text))
    return make_lock(name, requirements_txt.parse(name, text))
