"""Frozen values that are stored as JSON, and the digests that name them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from baseline_pipeline.errors import EvidenceUnavailable

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

    @classmethod
    def stored(cls, body: object) -> Self:
        """A value as it was stored.

        Raises:
            EvidenceUnavailable: when it is none of this version's, naming the first field that does not fit.
        """
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            message = f"a stored {cls.__name__} was written by another version of this package: {place}: {first['msg']}"
            raise EvidenceUnavailable(
                message, next_step="go on with the version that wrote it, or begin a new home (BASELINE_HOME)"
            ) from error


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
