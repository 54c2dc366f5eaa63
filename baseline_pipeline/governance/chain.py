"""Records bound each to the one before it, so that nothing in their middle can be changed, dropped or put in unseen."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import Digest, Record, canonical_json

DOMAIN = b"baseline-ledger-v1\n"
GENESIS = "0" * 64


class LedgerTampered(EvidenceUnavailable):
    """A record is not what was written.

    Args:
        seq: Of the first bad one.
        what: What is wrong with it.
    """

    def __init__(self, seq: int, what: str) -> None:
        super().__init__(
            f"ledger record {seq}: {what}",
            next_step="nothing after it can be trusted: compare with a copy and the last checkpoint, and ask who wrote",
        )
        self.seq = seq


class Entry(NamedTuple):
    """A record as it is stored. All but the links are copies of what stands in the body."""

    seq: int
    prev: Digest
    hash: Digest
    key: Digest
    kind: str
    model: str
    body: str


class Checkpoint(Record):
    """How far a ledger went and what its last record was; kept elsewhere, it shows a cut tail and a rewritten past."""

    store: str
    """Identity of the ledger."""
    size: int
    head: Digest
    """Hash of record number `size`; zeros of an empty ledger."""

    def text(self) -> str:
        """What is signed and kept: four lines.

        Example:
            >>> print(Checkpoint(store="s", size=2, head="ab").text(), end="")
            baseline-ledger-checkpoint-v1
            s
            2
            ab
        """
        return f"baseline-ledger-checkpoint-v1\n{self.store}\n{self.size}\n{self.head}\n"


def link(prev: Digest, seq: int, body: str) -> Digest:
    """SHA-256 over domain, predecessor's hash, place, length and body: nothing can be read as anything else.

    Example:
        >>> link(GENESIS, 1, "{}")[:12]
        'a2dbc3ba98ae'
    """
    content = body.encode()
    head = DOMAIN + bytes.fromhex(prev) + struct.pack(">QQ", seq, len(content))
    return hashlib.sha256(head + content).hexdigest()


def entry_of(event: Event, prev: Digest) -> Entry:
    """An event that has its place and time, bound to its predecessor."""
    body = canonical_json({"v": 1, **event.model_dump(mode="json")}).decode()
    return Entry(event.seq, prev, link(prev, event.seq, body), event.key, event.kind, event.model, body)


def event_of(entry: Entry) -> Event:
    """The event that an entry holds.

    Raises:
        LedgerTampered: when it holds none.
    """
    try:
        body = dict(json.loads(entry.body))
        body.pop("v", None)
        return Event.stored(body)
    except (ValueError, TypeError) as error:
        raise LedgerTampered(entry.seq, "its content is no event") from error


def verify(entries: Iterable[Entry], store: str, checkpoints: Iterable[Checkpoint] = ()) -> Checkpoint:
    """Recompute every link.

    Args:
        entries: All records, in order.
        store: Identity of the ledger.
        checkpoints: Kept elsewhere.

    Returns:
        What the ledger comes to: a checkpoint of its end.

    Raises:
        LedgerTampered: naming the first bad record and what is wrong with it.
    """
    wanted: dict[int, Digest] = {}
    for one in checkpoints:
        if one.store != store:
            raise LedgerTampered(0, f"the checkpoint is of store {one.store}, this is store {store}")
        if wanted.setdefault(one.size, one.head) != one.head:
            raise LedgerTampered(one.size, "two checkpoints of this size differ: one of the pasts is not true")
    head, size = GENESIS, 0
    _met(wanted, size, head)
    for entry in entries:
        size += 1
        _check(entry, size, head)
        head = entry.hash
        _met(wanted, size, head)
    if wanted:
        raise LedgerTampered(
            size + 1, f"the tail was cut: {size} records are there, a checkpoint knows of {max(wanted)}"
        )
    return Checkpoint(store=store, size=size, head=head)


def _met(wanted: dict[int, Digest], size: int, head: Digest) -> None:
    if wanted.pop(size, head) != head:
        raise LedgerTampered(size, "the past was rewritten: a checkpoint knows another record here")


def _check(entry: Entry, place: int, head: Digest) -> None:
    """One record against its place and predecessor."""
    if entry.seq != place:
        raise LedgerTampered(place, f"it is missing; record {entry.seq} stands in its place")
    if entry.prev != head:
        raise LedgerTampered(place, "it does not follow the record before it")
    if not isinstance(entry.body, str) or link(head, place, entry.body) != entry.hash:
        raise LedgerTampered(place, "its content is not what its hash says")
    try:
        body = json.loads(entry.body)
    except ValueError as error:
        raise LedgerTampered(place, "its content is no JSON") from error
    if not isinstance(body, Mapping) or any(
        body.get(name) != getattr(entry, name) for name in ("seq", "key", "kind", "model")
    ):
        raise LedgerTampered(place, "its columns are not those of its content")
