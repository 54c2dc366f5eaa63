"""Frozen values that are stored as JSON, and the digests that name them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict

Digest = str
"""Lower-case hexadecimal SHA-256, 64 characters."""


class Record(BaseModel):
    """A value that does not change and round-trips through canonical JSON.

    Unknown fields are refused, NaN and infinities are refused: a number that is missing is `None`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def body(self) -> dict[str, Any]:
        """The JSON-ready content."""
        return self.model_dump(mode="json")


def canonical_json(value: object) -> bytes:
    """The one spelling of a JSON value: sorted keys, no blanks, UTF-8, no NaN.

    Raises:
        ValueError: if the value holds NaN or an infinity.

    Example:
        >>> canonical_json({"b": 1, "a": [True, None]})
        b'{"a":[true,null],"b":1}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest_of(value: object) -> Digest:
    """SHA-256 of a JSON value's canonical spelling.

    Example:
        >>> digest_of({"a": 1})[:12]
        '015abd7f5cc5'
    """
    return hashlib.sha256(canonical_json(value)).hexdigest()


def short(digest: Digest) -> str:
    """The first twelve characters, enough to name a digest to a person."""
    return digest[:12]
