"""A lockfile's content: packages, versions and hashes, whatever the file looked like."""

from __future__ import annotations

import re

from baseline_pipeline.errors import ContractError
from baseline_pipeline.records import Digest, Record, digest_of

OTHER_HASHES = ": other hashes"


class Package(Record):
    """One locked package.

    `version` is `None` where the lock names a place instead (a URL, a commit), kept in `source`;
    `hashes` is the digest of the sorted artifact hashes; `marker` limits where it is installed.
    """

    name: str
    version: str | None
    source: str = ""
    hashes: Digest | None = None
    marker: str = ""

    @property
    def shown(self) -> str:
        """The version, or the place it comes from."""
        return self.version or without_secrets(self.source)


class Lock(Record):
    """All packages of a lockfile, sorted."""

    packages: tuple[Package, ...]


def without_secrets(text: str) -> str:
    """A text without names and passwords in its addresses.

    Example:
        >>> without_secrets("git+https://ada:secret@example.org/mine.git")
        'git+https://***@example.org/mine.git'
    """
    return re.sub(r"(?<=://)[^/@\s]+@", "***@", text)


def make_lock(name: str, packages: list[Package]) -> Lock:
    """A lock from packages in any order; exact repetitions count once.

    Raises:
        ContractError: when a package is locked to two versions under one marker, or nothing is locked.
    """
    seen: dict[tuple[str, str], Package] = {}
    for package in packages:
        before = seen.setdefault((package.name, package.marker), package)
        if before.shown != package.shown:
            message = f"{name}: {package.name} is locked to {before.shown} and to {package.shown}"
            raise ContractError(message, next_step="resolve the lockfile anew")
    if not seen:
        message = f"{name}: no locked package found"
        raise ContractError(
            message,
            next_step="accepted: requirements.txt, pip freeze, uv.lock, poetry.lock, pylock.toml, conda-lock.yml",
        )
    return Lock(packages=tuple(seen[key] for key in sorted(seen)))


def content_digest(lock: Lock) -> Digest:
    """Moves with packages, versions, sources, markers and hashes; not with comments or order."""
    return digest_of(lock.body())


def moved(before: Lock, after: Lock) -> tuple[str, ...]:
    """What moved, in words: `scikit-learn 1.6.1 -> 1.9.1`, `torch 2.1.0: new`, `xgboost 1.7: gone`.

    Example:
        >>> old = Lock(packages=(Package(name="a", version="1"), Package(name="b", version="1")))
        >>> new = Lock(packages=(Package(name="a", version="2"), Package(name="c", version="1")))
        >>> moved(old, new)
        ('a 1 -> 2', 'b 1: gone', 'c 1: new')
    """
    old, new = ({(one.name, one.marker): one for one in lock.packages} for lock in (before, after))
    words = []
    for key in sorted(old.keys() | new.keys()):
        one, two = old.get(key), new.get(key)
        if one is None and two is not None:
            words.append(f"{key[0]} {two.shown}: new")
        elif two is None and one is not None:
            words.append(f"{key[0]} {one.shown}: gone")
        elif one is not None and two is not None and one != two:
            words.append(
                f"{key[0]} {one.shown} -> {two.shown}"
                if one.shown != two.shown
                else f"{key[0]} {one.shown}{OTHER_HASHES}"
            )
    return tuple(words)
