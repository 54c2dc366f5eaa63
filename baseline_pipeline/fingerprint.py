"""Digests by facet: what a measurement depended on, and which of it moved."""

from __future__ import annotations

from typing import Literal

from baseline_pipeline.records import Digest, Record

Facet = Literal["data", "dependencies", "infrastructure", "code", "model"]
FACETS: tuple[Facet, ...] = ("data", "dependencies", "infrastructure", "code", "model")


class Fingerprint(Record):
    """One digest per facet; `None` where the contract does not declare the facet.

    Example:
        >>> old = Fingerprint(data="a", dependencies="b", infrastructure=None, code="c", model="d")
        >>> old.model_copy(update={"dependencies": "x"}).changed_since(old)
        ('dependencies',)
    """

    data: Digest
    dependencies: Digest | None
    infrastructure: Digest | None
    code: Digest
    model: Digest

    def changed_since(self, other: Fingerprint) -> tuple[Facet, ...]:
        """The facets whose digest differs from the other's, in a fixed order."""
        return tuple(facet for facet in FACETS if getattr(self, facet) != getattr(other, facet))
