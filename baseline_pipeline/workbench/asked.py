"""What people asked about a baseline, in the order in which they did: the last answer counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.records import Record, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.workbench.workbench import Workbench


class Asked(Record):
    """An answer that a later one may take the place of."""

    asked: int = 0
    """How many of its kind came before; several at once may have the same number."""


Kept = TypeVar("Kept", bound=Asked)


def keep_last(bench: Workbench, kind: str, model: str, found: Kept) -> Kept:
    """Keep an answer after all of its kind; the very same as the last one is not kept twice."""
    last: dict[str, Any] = max(bench.store.records(kind, model), key=_number, default={})
    numbered = found.model_copy(update={"asked": _number(last)})
    if numbered.body() == last:
        return numbered
    numbered = found.model_copy(update={"asked": _number(last) + 1})
    bench.store.save(kind, model, digest_of(numbered.body()), numbered)
    return numbered


def in_order(bench: Workbench, kind: str, model: str, record: type[Kept]) -> Iterator[Kept]:
    """All answers of a kind, the last one last."""
    for body in sorted(bench.store.records(kind, model), key=_number):
        try:
            yield record.stored(body)
        except EvidenceUnavailable:  # of another version of this package: it is found out anew
            continue


def _number(body: dict[str, Any]) -> int:
    return int(body.get("asked", 0))
