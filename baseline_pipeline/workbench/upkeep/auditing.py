"""The ledger for an auditor: read, verified, exported, checkpointed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.errors import UsageError
from baseline_pipeline.governance import verify_ledger
from baseline_pipeline.governance.chain import Checkpoint
from baseline_pipeline.records import canonical_json
from baseline_pipeline.workbench.reporting import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.governance.events import Event
    from baseline_pipeline.workbench.workbench import Workbench

CHECKPOINTS = "checkpoint@baseline-pipeline"
TITLE, LINES = "baseline-ledger-checkpoint-v1", 4


def event_line(event: Event) -> str:
    """An event on one line."""
    what = str(event.content.get("decision") or "")[:12]
    unsigned = " (unsigned)" if "statement" in event.content and not event.content.get("signature") else ""
    kind = event.kind.replace("_", " ")
    return f"{event.seq:6}  {event.at}  {event.model:20} {kind:20} {what:12}  {event.actor}{unsigned}: {event.reason}"


def record(bench: Workbench, seq: int) -> Event:
    """One record.

    Raises:
        UsageError: when there is no such record.
    """
    found = next((event for event in bench.events() if event.seq == seq), None)
    if found is None:
        size, _ = bench.ledger.head()
        message = f"there is no record {seq}; the last one is {size}"
        raise UsageError(message)
    return found


def read_checkpoint(path: Path) -> Checkpoint:
    """A checkpoint that was kept.

    Raises:
        UsageError: when the file is none.
    """
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise UsageError(message) from error
    if len(lines) < LINES or lines[0] != TITLE or not lines[2].isdigit():
        message = f"{path} is no checkpoint"
        raise UsageError(message, next_step="write one with `baseline audit checkpoint`")
    return Checkpoint(store=lines[1], size=int(lines[2]), head=lines[3])


def check_checkpoint_signature(bench: Workbench, path: Path) -> str:
    """Who signed a checkpoint, where FILE.sig stands beside it; or nothing.

    Raises:
        SignatureRefused, Refused: when it is signed by nobody of the roster.
    """
    signature = path.with_name(f"{path.name}.sig")
    if not signature.is_file():
        return ""
    from baseline_pipeline.adapters.signatures.sshsig import fingerprint, verify
    from baseline_pipeline.workbench.people import roster_of

    key = verify(signature.read_text(), path.read_bytes(), CHECKPOINTS)
    roster = roster_of(bench)
    owner = None if roster is None else roster.owner(key)
    return owner or fingerprint(key)


def take_checkpoint(bench: Workbench, out: Path, key: Path | None, *, sign: bool) -> Checkpoint:
    """Verify the ledger and write what it comes to, signed where asked."""
    found = bench.ledger.verify()
    write_whole(out, found.text())
    if sign:
        from baseline_pipeline.adapters.signatures.ssh_keygen import sign as signed

        write_whole(out.with_name(f"{out.name}.sig"), signed(found.text().encode(), CHECKPOINTS, key))
    return found


def export(bench: Workbench, out: Path) -> Checkpoint:
    """Write all records as JSON Lines, and the program that checks them beside it."""
    checked = bench.ledger.verify()
    lines = [canonical_json({"ledger": bench.store_id, "v": 1}).decode()]
    lines += [canonical_json(entry._asdict()).decode() for entry in bench.ledger.entries()]
    write_whole(out, "\n".join(lines) + "\n")
    program = Path(str(verify_ledger.__file__)).read_text()
    write_whole(out.with_name("verify_ledger.py"), program)
    return checked


def owners_missing(bench: Workbench) -> tuple[dict[str, list[str]], dict[str, str]]:
    """By model, what has no owner in its contract; and why a contract could not be read."""
    found = {}
    contracts, troubles = bench.contracts()
    for name, contract in contracts.items():
        owners = contract.owners.model_dump() if contract.owners else {}
        found[name] = [what for what in ("model", "data", "evaluation", "on_call") if not owners.get(what)]
    return found, troubles


def as_json(events: Sequence[Event]) -> list[dict[str, object]]:
    """Events for programs."""
    return [dict(json.loads(canonical_json(event.body()))) for event in events]
