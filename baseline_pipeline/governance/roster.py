"""Who may do what: OpenSSH's allowed_signers, with roles after the key, so that `ssh-keygen -Y verify` reads it too."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from typing import Literal, get_args

from baseline_pipeline.errors import ContractError, UsageError
from baseline_pipeline.records import Digest, Record, digest_of

Role = Literal["establish", "approve", "override", "roll_back"]
ROLES: tuple[Role, ...] = get_args(Role)
FILE = "allowed_signers"
KEY_TYPES = ("ssh-ed25519", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")
_LINE = re.compile(
    r'(?P<names>\S+)(?P<options>(?:\s+[a-z-]+(?:="[^"]*")?(?:,[a-z-]+(?:="[^"]*")?)*)?)\s+'
    r"(?P<kind>(?:sk-)?(?:ssh|ecdsa)-\S+)\s+(?P<key>\S+)(?P<rest>.*)"
)
_OPTION = re.compile(r'([a-z-]+)(?:="([^"]*)")?')


class Refused(UsageError):
    """A person may not do what was asked."""


class Member(Record):
    """One line of the roster: a key and whose it is."""

    person: str
    """The line's first name; two lines with the same one are two keys of one person."""
    names: tuple[str, ...]
    """All its names, for telling whether a candidate's author is this person."""
    kind: str
    key: str
    """The public key, base64."""
    roles: tuple[Role, ...]
    models: tuple[str, ...]
    """Models that the roles are for; all of them where it is empty."""
    namespaces: tuple[str, ...]
    valid_after: str | None
    valid_before: str | None
    revoked: str | None
    """Day from which on the key counts no more, whatever it signed."""


class Roster(Record):
    """Everybody whose signature counts."""

    members: tuple[Member, ...]

    @property
    def digest(self) -> Digest:
        """Changes whenever somebody is added, removed, or given another role."""
        return digest_of(self.body())

    def people(self) -> tuple[str, ...]:
        """Everybody, once."""
        return tuple(dict.fromkeys(one.person for one in self.members))

    def entitled(self, key: bytes, role: Role, model: str, namespace: str, now: dt.datetime) -> Member:
        """Whose key this is, if that person may do this now.

        Args:
            key: The public key that signed, as its bytes.
            role: What is to be done.
            model: To which model.
            namespace: What the signature was made for.
            now: The time, UTC.

        Raises:
            Refused: saying why not.
        """
        text = base64.b64encode(key).decode()
        found = next((one for one in self.members if one.key == text), None)
        if found is None:
            message = "the key that signed is in nobody's line of the roster"
            raise Refused(message, next_step=f"sign with a key of: {', '.join(self.people()) or 'nobody is listed'}")
        if found.revoked is not None and now.date().isoformat() >= found.revoked:
            _refuse(f"the key of {found.person} is revoked since {found.revoked}")
        if found.valid_after is not None and _stamp(now) < found.valid_after:
            _refuse(f"the key of {found.person} is valid from {found.valid_after} on")
        if found.valid_before is not None and _stamp(now) >= found.valid_before:
            _refuse(f"the key of {found.person} expired at {found.valid_before}")
        if found.namespaces and namespace not in found.namespaces:
            _refuse(f"the key of {found.person} is for {', '.join(found.namespaces)}, not for {namespace}")
        if role not in found.roles:
            _refuse(f"{found.person} may {_listed(found.roles)}, not {role.replace('_', ' ')}")
        if found.models and model not in found.models:
            _refuse(f"{found.person} may do that to {', '.join(found.models)}, not to {model}")
        return found

    def owner(self, key: bytes) -> str | None:
        """Whose key this is, whatever that person may do."""
        text = base64.b64encode(key).decode()
        return next((one.person for one in self.members if one.key == text), None)

    def names_of(self, person: str) -> frozenset[str]:
        """Every name of a person, lower case."""
        lines = [one for one in self.members if one.person == person]
        return frozenset(name.lower() for one in lines for name in one.names) | {person.lower()}


def read_roster(text: str, place: str = FILE) -> Roster:
    """Read allowed_signers with roles.

    A line reads `ada@example.com,ada valid-before="20270101" ssh-ed25519 AAAA... roles=approve,establish`. After the
    key: `roles=` (establish, approve, override, roll_back), `models=` and `revoked=` (a day).

    Raises:
        ContractError: naming line, what stood there, and what would be accepted.
    """
    members = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            members.append(_member(line.strip(), f"{place}, line {number}"))
    seen: dict[str, str] = {}
    for one in members:
        if seen.setdefault(one.key, one.person) != one.person:
            message = f"{place}: {seen[one.key]} and {one.person} have the same key"
            raise ContractError(message, next_step="a key belongs to one person")
    return Roster(members=tuple(members))


def _member(line: str, place: str) -> Member:
    found = _LINE.fullmatch(line)
    if found is None:
        message = f"{place}: {line[:60]!r} stood here"
        raise ContractError(
            message, next_step='accepted: NAME[,NAME] [valid-before="20270101"] ssh-ed25519 KEY roles=...'
        )
    if found["kind"] not in KEY_TYPES:
        message = f"{place}: a key of type {found['kind']!r}"
        raise ContractError(message, next_step=f"accepted: {', '.join(KEY_TYPES)}")
    try:
        base64.b64decode(found["key"], validate=True)
    except binascii.Error as error:
        message = f"{place}: the key is not written in base64"
        raise ContractError(message, next_step="copy the line of the .pub file once more") from error
    options = dict(_OPTION.findall(found["options"]))
    for name in options:
        if name not in {"namespaces", "valid-after", "valid-before"}:
            message = f"{place}: the option {name!r} stood here"
            raise ContractError(message, next_step="accepted: namespaces, valid-after, valid-before")
    said = _said(found["rest"], place)
    names = tuple(found["names"].split(","))
    return Member(
        person=names[0],
        names=names,
        kind=found["kind"],
        key=found["key"],
        roles=_roles(said.get("roles", ""), place),
        models=_words(said.get("models", "")),
        namespaces=_words(options.get("namespaces", "")),
        valid_after=_time(options.get("valid-after"), place),
        valid_before=_time(options.get("valid-before"), place),
        revoked=_day(said.get("revoked"), place),
    )


def _said(rest: str, place: str) -> dict[str, str]:
    found = {}
    for word in rest.split():
        name, equals, value = word.partition("=")
        if not equals:
            continue  # the comment that ssh-keygen writes after a key
        if name not in {"roles", "models", "revoked"} or not value:
            message = f"{place}: {word!r} stood here"
            raise ContractError(message, next_step="accepted: roles=..., models=..., revoked=YYYY-MM-DD")
        found[name] = value
    return found


def _roles(text: str, place: str) -> tuple[Role, ...]:
    found = []
    for word in _words(text):
        if word not in ROLES:
            message = f"{place}: the role {word!r} stood here"
            raise ContractError(message, next_step=f"accepted: {', '.join(ROLES)}")
        found.append(word)
    return tuple(found)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


def _time(text: str | None, place: str) -> str | None:
    """YYYYMMDD[HHMM[SS]][Z] as OpenSSH reads it, padded; taken as UTC."""
    if text is None:
        return None
    digits = text.removesuffix("Z")
    if not re.fullmatch(r"\d{8}(\d{4}(\d{2})?)?", digits):
        message = f"{place}: the time {text!r} stood here"
        raise ContractError(message, next_step="accepted: YYYYMMDD, YYYYMMDDHHMM, YYYYMMDDHHMMSS")
    return digits.ljust(14, "0")


def _day(text: str | None, place: str) -> str | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        message = f"{place}: revoked={text} stood here"
        raise ContractError(message, next_step="accepted: revoked=YYYY-MM-DD") from error


def _stamp(now: dt.datetime) -> str:
    return now.strftime("%Y%m%d%H%M%S")


def _listed(roles: tuple[Role, ...]) -> str:
    return ", ".join(one.replace("_", " ") for one in roles) or "do nothing"


def _refuse(message: str) -> None:
    raise Refused(message, next_step="ask somebody who may, or have the roster changed by review")
