"""Who speaks: a statement made, signed where there is a roster, and held against the rules."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baseline_pipeline.errors import ContractError, UsageError
from baseline_pipeline.governance.events import Event
from baseline_pipeline.governance.roster import FILE, Refused, Role, Roster, read_roster
from baseline_pipeline.governance.statements import NAMESPACE, Statement, stated
from baseline_pipeline.records import digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.governance.statements import Purpose
    from baseline_pipeline.records import Digest
    from baseline_pipeline.workbench.workbench import Workbench

ROLE_FOR: dict[Purpose, Role] = {
    "approve": "approve",
    "reject": "approve",
    "establish": "establish",
    "override": "override",
    "roll_back": "roll_back",
    "review": "establish",
}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Voice:
    """How a person speaks.

    Attributes:
        by: Who, where no signature tells.
        reason: Why.
        key: SSH key to sign with; the usual one by default.
        signature: A file with a signature that was made elsewhere.
    """

    by: str
    reason: str
    key: Path | None = None
    signature: Path | None = None


def roster_of(bench: Workbench) -> Roster | None:
    """The roster of the project, whose changes the ledger keeps; `None` where one person works unsigned.

    Raises:
        ContractError: when it is not understood, or one that was there is gone.
    """
    file = bench.settings.project / FILE
    known = [event for event in bench.events() if event.kind == "roster_changed"]
    last = known[-1].content if known else None
    if not file.is_file():
        if last is not None:
            message = f"{FILE} is gone: the ledger knows a roster (record {known[-1].seq}), and its people sign"
            raise ContractError(message, next_step="bring the file back from version control")
        return None
    found = read_roster(file.read_text())
    if not found.members:
        message = f"{FILE} lists nobody"
        raise ContractError(message, next_step="add a line: NAME ssh-ed25519 KEY roles=establish,approve")
    if last is None or last["digest"] != found.digest:
        bench.ledger.append(_changed(found, last, known[-1].seq if known else 0))
    return found


def _changed(found: Roster, last: dict[str, Any] | None, seq: int) -> Event:
    before = Roster.stored(last["roster"]) if last else Roster(members=())
    gone = sorted({one.person for one in before.members} - {one.person for one in found.members})
    new = sorted({one.person for one in found.members} - {one.person for one in before.members})
    words = [f"{word} {', '.join(names)}" for word, names in (("added", new), ("removed", gone)) if names]
    return Event(
        kind="roster_changed",
        model="*",
        actor="baseline-pipeline",
        reason="; ".join(words) or "keys, roles or dates of people who were there already",
        key=digest_of(["roster", seq, found.digest]),
        content={"digest": found.digest, "roster": found.body()},
    )


def statement(
    bench: Workbench, contract: Contract, purpose: Purpose, subject: Digest, revision: int | None, voice: Voice
) -> dict[str, Any]:
    """What a person says of a model, with the proof that it was that person.

    Returns:
        What the ledger keeps: statement, signature, fingerprint of the key, digest of the roster; the last three are
        `None` in the unsigned mode of one person on one machine.

    Raises:
        Refused, SignatureRefused: when the person may not do that, or the signature does not prove it.
        UsageError: when person, reason or key is missing.
    """
    roster = roster_of(bench)
    now = dt.datetime.now(dt.UTC)
    until = _until(contract)
    if roster is None:
        said = stated(purpose, contract.name, subject, revision, voice.by, voice.reason, until=until)
        return {"statement": said.body(), "signature": None, "key": None, "roster": None, "decision": subject}
    from baseline_pipeline.adapters.signatures.ssh_keygen import sign
    from baseline_pipeline.adapters.signatures.sshsig import fingerprint, verify

    if voice.signature is not None:
        said, armored = made_elsewhere(voice.signature)
    else:
        person = _person(roster, voice)
        said = stated(purpose, contract.name, subject, revision, person, voice.reason, until=until)
        bench.progress("signing")
        armored = sign(said.text(), NAMESPACE, voice.key)
    if (said.purpose, said.model, said.subject, said.revision) != (purpose, contract.name, subject, revision):
        message = f"the signature is for {said.purpose} of {said.model}, decision {said.subject[:12]}"
        raise Refused(message, next_step=f"sign the statement of {purpose} {subject[:12]} of {contract.name}")
    if said.expires < now.isoformat(timespec="seconds").replace("+00:00", "Z"):
        message = f"the statement expired at {said.expires}"
        raise Refused(message, next_step="make and sign a new one")
    key = verify(armored, said.text(), NAMESPACE)
    member = roster.entitled(key, ROLE_FOR[purpose], contract.name, NAMESPACE, now)
    if member.person != said.person:
        message = f"the statement names {said.person}, and the key is {member.person}'s"
        raise Refused(message, next_step="everybody signs in their own name")
    return {
        "statement": said.body(),
        "signature": armored,
        "key": fingerprint(key),
        "roster": roster.digest,
        "decision": subject,
    }


def _person(roster: Roster, voice: Voice) -> str:
    """Whose key it is that will sign; the roster's own name of that person."""
    from baseline_pipeline.adapters.signatures.ssh_keygen import public_half

    key = public_half(voice.key)
    found = next((one.person for one in roster.members if one.key == base64.b64encode(key).decode()), None)
    if found is None:
        message = "the key that would sign is in nobody's line of the roster"
        raise Refused(message, next_step=f"name the key with --key; on the roster: {', '.join(roster.people())}")
    if voice.by and voice.by.lower() not in roster.names_of(found):
        message = f"--by {voice.by!r}, and the key is {found}'s"
        raise Refused(message, next_step="leave --by out: the key says who you are")
    return found


def to_sign(
    bench: Workbench, contract: Contract, purpose: Purpose, subject: Digest, revision: int | None, voice: Voice
) -> Statement:
    """What a person would say, for a signature that is made elsewhere: `ssh-keygen -Y sign -n NAMESPACE`.

    Raises:
        Refused: when the roster does not know the person.
        UsageError: when person or reason is missing.
    """
    roster = roster_of(bench)
    person = voice.by
    if roster is not None and voice.by:
        person = next((one for one in roster.people() if voice.by.lower() in roster.names_of(one)), "")
        if not person:
            message = f"{voice.by!r} is not on the roster"
            raise Refused(message, next_step=f"on the roster: {', '.join(roster.people())}")
    return stated(purpose, contract.name, subject, revision, person, voice.reason, until=_until(contract))


def _until(contract: Contract) -> dt.datetime:
    lasting = contract.promotion.expires
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=int(lasting[:-1]) * SECONDS[lasting[-1]])


def made_elsewhere(file: Path) -> tuple[Statement, str]:
    """The statement and the signature that were written side by side: FILE and FILE.sig.

    Raises:
        UsageError: when they cannot be read, or are none.
    """
    text = file.with_suffix("") if file.suffix == ".sig" else file
    try:
        said, armored = text.read_bytes(), text.with_name(text.name + ".sig").read_text()
    except OSError as error:
        message = f"--signature {file}: {error.strerror}"
        raise UsageError(
            message, next_step="name a statement's file; its signature stands beside it as FILE.sig"
        ) from error
    import json

    try:
        return Statement.stored(json.loads(said)), armored
    except ValueError as error:
        message = f"--signature {text}: this is no statement"
        accepted = f"JSON with {', '.join(Statement.model_fields)}"
        todo = f"accepted: {accepted}; --statement FILE, of the command that takes the signature, writes one"
        raise UsageError(message, next_step=todo) from error


def refuse_author(roster: Roster | None, person: str, author: str | None) -> None:
    """The author of a candidate does not approve it, where a roster says who people are.

    Raises:
        Refused: when the person is the author, under any of their names.
    """
    if roster is not None and author and author.lower() in roster.names_of(person):
        message = f"{person} made this candidate, and nobody approves their own"
        raise Refused(message, next_step="ask somebody else")
