"""MLflow's webhooks: signed, fresh, and each delivery once.

Source: MLflow 3, webhooks; the signature is `v1,` and base64 of HMAC-SHA256 over `<delivery id>.<timestamp>.<body>`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from baseline_pipeline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

FRESH = 300.0
"""Seconds that a delivery may be old: a recorded one cannot be played again later."""
REMEMBERED = 10_000
LARGEST = 1_000_000


class DeliveryRefused(UsageError):
    """A delivery that is not MLflow's, or not fresh."""


@dataclass(frozen=True)
class AliasSet:
    """An alias of a registered model was set."""

    model: str
    alias: str
    version: str


@dataclass
class Deliveries:
    """Checks deliveries, and knows those that were seen.

    Attributes:
        secret: Shared with MLflow's webhook.
    """

    secret: str
    seen: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def accept(self, headers: Mapping[str, str], body: bytes, now: float) -> AliasSet | None:
        """What a delivery tells; nothing where it is another event, or was told before.

        Args:
            headers: Of the request, whatever their case.
            body: Of the request.
            now: Seconds since the epoch.

        Raises:
            DeliveryRefused: when it is not signed with the secret, or is not fresh.
        """
        known = {name.lower(): value for name, value in headers.items()}
        delivery, stamp = known.get("x-mlflow-delivery-id", ""), known.get("x-mlflow-timestamp", "")
        signed = f"{delivery}.{stamp}.".encode() + body
        made = "v1," + base64.b64encode(hmac.new(self.secret.encode(), signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(made.encode(), known.get("x-mlflow-signature", "").encode()):
            message = "the delivery is not signed with this secret"
            raise DeliveryRefused(message)
        if not stamp.isdigit() or abs(now - int(stamp)) > FRESH:
            message = f"the delivery is of {stamp!r}, more than {FRESH:.0f} s from now"
            raise DeliveryRefused(message)
        if delivery in self.seen:
            return None
        self.seen[delivery] = None
        while len(self.seen) > REMEMBERED:
            self.seen.popitem(last=False)
        return _told(body)


def _told(body: bytes) -> AliasSet | None:
    try:
        event: Any = json.loads(body)
        if (event["entity"], event["action"]) != ("model_version_alias", "created"):
            return None
        data = event["data"]
        return AliasSet(str(data["name"]), str(data["alias"]), str(data["version"]))
    except (ValueError, KeyError, TypeError) as error:
        message = "the delivery is signed and is no event of MLflow's"
        raise DeliveryRefused(message) from error
