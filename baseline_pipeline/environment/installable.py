"""What an installer is given for a lockfile: pinned lines with hashes, and what cannot be installed from it."""

from __future__ import annotations

import re
import tomllib
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from baseline_pipeline.environment import requirements_txt
from baseline_pipeline.environment.lock import without_secrets
from baseline_pipeline.environment.lockfile import is_toml, read_lockfile
from baseline_pipeline.environment.python_range import python_range
from baseline_pipeline.environment.toml_locks import hashes_of
from baseline_pipeline.records import Digest, Record, digest_of

Facts = Mapping[str, str | AbstractSet[str]]
"""What markers are asked about, by the names of PEP 508 and 751."""
FOLDERS = {"editable", "virtual", "directory"}
PLACES = FOLDERS | {"git", "path", "url"}
"""Where an index does not have it: what it has under the same name is another package."""


class Installable(Record):
    """A lockfile as an installer understands it."""

    lines: tuple[str, ...]
    """Requirements, one a line, with markers and hashes."""
    hashed: bool
    """Whether every line has a hash: then nothing else is accepted."""
    whole: bool
    """Whether the lines are all there is to install; where not, what they need is resolved beside them."""
    constraints: tuple[str, ...] = ()
    """Versions of what is resolved beside the lines, if it is needed."""
    left_out: tuple[str, ...] = ()
    """Packages that the installer cannot bring, by name."""
    python: str | None = None
    """Version that the lockfile was made for, where it says so."""
    python_range: str = ""
    """Versions that it is for, in its words; empty where it says none."""

    @property
    def digest(self) -> Digest:
        """Moves with what would be installed, not with comments or order."""
        return digest_of([sorted(self.lines), self.hashed, self.whole, self.python, sorted(self.constraints)])


def installable(name: str, text: str, facts: dict[str, str] | None = None) -> Installable:
    r"""The packages of a lockfile as lines for an installer.

    Args:
        name: The file's name.
        text: Its content.
        facts: What markers are asked about (PEP 508 names); this interpreter's by default.

    Raises:
        ContractError: see `read_lockfile`.

    Example:
        >>> found = installable("requirements.lock", "numpy==2.4.6\nscipy==1.17.1  # solver")
        >>> found.lines, found.hashed, found.whole
        (('numpy==2.4.6', 'scipy==1.17.1'), False, False)
    """
    read_lockfile(name, text)
    if name.endswith((".yml", ".yaml")):
        return _conda(text)
    if is_toml(name, text):
        return _toml(tomllib.loads(text), facts)
    return _requirements(text, facts)


def pinned(line: str) -> str:
    """The name of the package that a requirement line is about.

    Example:
        >>> pinned("Scikit_Learn[all]==1.9.1 ; python_version > '3.9'")
        'scikit-learn'
    """
    return canonicalize_name(re.split(r"[\s=<>!~;@\[]", line.strip(), maxsplit=1)[0])


def pin_of(line: str) -> str | None:
    """The version that a requirement line pins; `None` where it names a place instead.

    Example:
        >>> pin_of("numpy==2.4.6 ; python_version > '3.9' --hash=sha256:aa"), pin_of("mine @ file:///srv/mine.whl")
        ('2.4.6', None)
    """
    found = re.match(r"[^=<>!~;@]+===?\s*([^\s;]+)", line)
    return found[1] if found else None


def mixed(old: Installable, new: Installable, upgraded: Mapping[str, str | None]) -> Installable:
    """The old lockfile with some packages taken from the new one, or at a version in between.

    What only one of the two names is not asked for, but has its version where something needs it.

    Args:
        old: One lockfile.
        new: The other.
        upgraded: By name: a version, or `None` for the new lockfile's own.
    """
    before, after = ({pinned(line): line for line in one.lines} for one in (old, new))
    lines = []
    for name in sorted(before.keys() & after.keys()):
        if name not in upgraded:
            lines.append(before[name])
        else:
            version = upgraded[name]
            lines.append(after[name] if version is None else f"{name}=={version}")
    only = [
        line.split(" --hash")[0]
        for both in (before, after)
        for name, line in both.items()
        if name not in before.keys() & after.keys()
    ]
    return Installable(
        lines=tuple(lines), hashed=False, whole=False, constraints=tuple(sorted(only)), python=old.python or new.python
    )


def _requirements(text: str, facts: dict[str, str] | None) -> Installable:
    """requirements.txt: what is pinned where its markers hold; editable folders are left out."""
    words = [one for _, one in requirements_txt.logical_lines(text)]
    lines = tuple(one for one in words if not one.startswith("-") and _holds(requirements_txt.marker_of(one), facts))
    hashed = bool(lines) and all("--hash=" in one for one in lines)
    left_out = tuple(sorted(without_secrets(one) for one in words if one.startswith(requirements_txt.EDITABLE)))
    return Installable(lines=lines, hashed=hashed, whole=hashed, left_out=left_out)


def _toml(document: dict[str, Any], here: dict[str, str] | None) -> Installable:
    facts: Facts = {**(here or {}), "dependency_groups": frozenset(document.get("default-groups", ()))}
    entries: list[dict[str, Any]] = document.get("package", document.get("packages", []))
    members = [one for one in entries if {"virtual", "editable"} & set(one.get("source") or {})]
    root = [one for one in members if "." in one["source"].values()]
    chosen = _reached(entries, root or members, facts) if members else [one for one in entries if _wanted(one, facts)]
    lines, left_out = [], []
    for one in chosen:
        line = _line(one)
        if line is None:
            place = _place(one)
            version = f" {one['version']}" if "version" in one and not FOLDERS & set(place) else ""
            left_out.append(without_secrets(f"{canonicalize_name(one['name'])}{version} ({_told(place)})"))
        else:
            lines.append(line)
    return Installable(
        lines=tuple(sorted(lines)),
        hashed=all("--hash" in line for line in lines),
        whole=True,
        left_out=tuple(sorted(left_out)),
        python_range=python_range(document),
    )


def _wanted(entry: dict[str, Any], facts: Facts) -> bool:
    """poetry.lock and pylock.toml: what belongs to the main group, where its markers hold."""
    marker = entry.get("marker") or entry.get("markers") or ""
    groups = entry.get("groups") or [entry.get("category", "main")]  # poetry before 1.5
    if isinstance(marker, dict):
        marker = marker.get("main", "")
    return "main" in groups and not entry.get("optional", False) and _holds(str(marker), facts)


def _reached(entries: list[dict[str, Any]], projects: list[dict[str, Any]], facts: Facts) -> list[dict[str, Any]]:
    """uv.lock: what the project (or a workspace's members) needs here, step by step, markers and extras respected."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for one in entries:
        by_name.setdefault(canonicalize_name(one["name"]), []).append(one)
    found: dict[int, dict[str, Any]] = {}
    seen: set[tuple[int, str]] = set()
    waiting = deque((one, "") for one in projects)
    while waiting:
        entry, extra = waiting.popleft()
        needs = entry.get("optional-dependencies", {}).get(extra, []) if extra else entry.get("dependencies", [])
        met = [(one, need) for need in needs for one in _meeting(need, by_name, facts)]
        found |= {id(target): target for target, _ in met}
        asked = [(target, more) for target, need in met for more in ("", *need.get("extra", []))]
        for target, more in asked:
            if (id(target), more) not in seen:
                seen.add((id(target), more))
                waiting.append((target, more))
    return [one for one in found.values() if one not in projects]


def _meeting(need: dict[str, Any], by_name: dict[str, list[dict[str, Any]]], facts: Facts) -> list[dict[str, Any]]:
    """The entries that meet a need: of its name and version, of the fork that holds here."""
    if not _holds(str(need.get("marker", "")), facts):
        return []
    return [
        one
        for one in by_name.get(canonicalize_name(need["name"]), [])
        if need.get("version") in {None, one.get("version")}
        and any(_holds(str(marker), facts) for marker in one.get("resolution-markers") or [""])
    ]


def _line(entry: dict[str, Any]) -> str | None:
    if "version" not in entry or _place(entry):
        return None
    digests = sorted({one for one in hashes_of(entry) if ":" in one})
    return " ".join([f"{canonicalize_name(entry['name'])}=={entry['version']}", *(f"--hash={one}" for one in digests)])


def _place(entry: dict[str, Any]) -> dict[str, Any]:
    """Where an entry comes from, if from no index: a table of its own in pylock.toml, the source elsewhere."""
    own = {kind: entry[kind] for kind in ("vcs", "directory", "archive") if entry.get(kind)}
    source: dict[str, Any] = entry.get("source") or {}
    outside = PLACES & set(source) and source.get("type") != "legacy"  # poetry's word for an index
    return own or (source if outside else {})


def _told(place: dict[str, Any]) -> str:
    words = (
        f"{kind} {_told(one) if isinstance(one, dict) else one}" for kind, one in place.items() if kind != "hashes"
    )
    return " ".join(words) or "no version"


def _holds(marker: str, facts: Facts | None) -> bool:
    asked: dict[str, str | AbstractSet[str]] = {
        "extra": "",
        "extras": frozenset(),
        "dependency_groups": frozenset(),
        **(facts or {}),
    }
    try:
        return not marker or Marker(marker).evaluate(asked)
    except InvalidMarker:
        return True


def _conda(text: str) -> Installable:
    """The pip part of a conda-lock file's main category; the interpreter's version is taken from the rest."""
    import platform
    import sys

    import yaml

    entries = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["package"]  # noqa: S506  # a safe loader
    here = {"linux": "linux", "darwin": "osx", "win32": "win"}[sys.platform] + (
        "-64" if platform.machine().lower() in {"x86_64", "amd64"} else f"-{platform.machine().lower()}"
    )
    wanted = [one for one in entries if one.get("category", "main") == "main" and not one.get("optional", False)]
    present = [one for one in wanted if one.get("platform", here) == here]
    pip = [one for one in present if one.get("manager") == "pip"]
    rest = [one for one in present if one.get("manager") != "pip"]
    python = next((str(one["version"]) for one in rest if one["name"] == "python"), None)
    lines = []
    for one in pip:
        digest = (one.get("hash") or {}).get("sha256")
        lines.append(
            f"{canonicalize_name(one['name'])}=={one['version']}" + (f" --hash=sha256:{digest}" if digest else "")
        )
    return Installable(
        lines=tuple(sorted(lines)),
        hashed=bool(lines) and all("--hash" in line for line in lines),
        whole=True,
        left_out=tuple(sorted(f"{one['name']} {one['version']} (conda)" for one in rest if one["name"] != "python")),
        python=None if python is None else ".".join(python.split(".")[:2]),
    )
