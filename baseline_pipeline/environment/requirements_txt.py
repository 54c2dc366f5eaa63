"""requirements.txt (pinned, with or without hashes) and the output of `pip freeze`."""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from baseline_pipeline.environment.lock import Package
from baseline_pipeline.errors import ContractError
from baseline_pipeline.records import digest_of

_HASH = re.compile(r"--hash=(\S+)")
_FROZEN = re.compile(r"^# Editable .*\((?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s)]+)\)$")
"""What `pip freeze` writes above an editable install, whose folder says nothing of its name."""
EDITABLE = ("-e ", "--editable ")
_IGNORED = (
    "--index-url",
    "-i ",
    "--extra-index-url",
    "--find-links",
    "-f ",
    "--no-binary",
    "--only-binary",
    "--prefer-binary",
    "--no-index",
    "--trusted-host",
    "--require-hashes",
    "--pre",
)


def parse(name: str, text: str) -> list[Package]:
    """The packages of a requirements file.

    Raises:
        ContractError: with file and line, for what is neither pinned nor a place.
    """
    above = dict(enumerate(text.splitlines(), start=2))
    found = []
    for line, words in logical_lines(text):
        package = _package(name, line, words)
        frozen = _FROZEN.match(above.get(line, "").strip())
        if package is not None and frozen is not None and words.startswith(EDITABLE):
            package = package.model_copy(update={"name": canonicalize_name(frozen["name"])})
        if package is not None:
            found.append(package)
    return found


def logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines joined over backslashes, without comments, with the number of their first line."""
    found: list[tuple[int, str]] = []
    start, pending = 0, ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        start = start if pending else number
        pending += f" {line.removesuffix(chr(92)).strip()}"
        if not line.endswith("\\"):
            if pending.strip():
                found.append((start, pending.strip()))
            pending = ""
    if pending.strip():
        found.append((start, pending.strip()))
    return found


def marker_of(words: str) -> str:
    """Where a logical line's requirement is installed.

    Example:
        >>> marker_of("numpy==2.4.6 ; python_version > '3.9' --hash=sha256:aa")
        'python_version > "3.9"'
    """
    return str(Requirement(_HASH.sub("", words).strip()).marker or "")


def _package(name: str, line: int, words: str) -> Package | None:
    if words.startswith(_IGNORED):
        return None
    if words.startswith(("-r", "-c", "--requirement", "--constraint")):
        message = f"{name}:{line}: {words!r} stood here: a lockfile stands by itself"
        raise ContractError(message, next_step="resolve it into one file, for example with `uv pip compile`")
    hashes = sorted(_HASH.findall(words))
    plain = _HASH.sub("", words).strip()
    if plain.startswith(EDITABLE):
        place = plain.split(maxsplit=1)[1]
        shown = canonicalize_name(re.split(r"#egg=|/", place)[-1].split("&")[0] or place)
        return Package(name=shown, version=None, source=place)
    try:
        requirement = Requirement(plain)
    except InvalidRequirement as error:
        message = f"{name}:{line}: {plain[:120]!r} stood here; accepted: `package==version`, with markers and hashes"
        raise ContractError(message, next_step="resolve the file, for example with `uv pip compile`") from error
    digest = digest_of(hashes) if hashes else None
    marker = str(requirement.marker or "")
    key = canonicalize_name(requirement.name)
    if requirement.url:
        return Package(name=key, version=None, source=requirement.url, hashes=digest, marker=marker)
    pins = [spec for spec in requirement.specifier if spec.operator in {"==", "==="} and "*" not in spec.version]
    if len(pins) != 1:
        message = f"{name}:{line}: {plain[:120]!r} is not pinned; accepted: `{requirement.name}==version`"
        raise ContractError(message, next_step="resolve the file, for example with `uv pip compile`")
    return Package(name=key, version=pins[0].version, hashes=digest, marker=marker)
