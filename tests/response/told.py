"""A message, a silence, two receivers, and what they say when they fail."""

from baseline_pipeline.contract.monitoring import Receiver
from baseline_pipeline.response.messages import Message, instant
from baseline_pipeline.response.silences import Silence

T0 = instant("2026-01-05T00:00:00Z")


def message(key="k", tier="minor", owner="ana", **more):
    given = {"model": "credit", "incident": "i1", "kind": "opened", "title": "auc fell", "at": "2026-01-05T00:00:00Z"}
    return Message(key=key, tier=tier, owner=owner, **(given | more))


def silence(**more):
    return Silence(**({"until": "2026-01-06T00:00:00Z", "reason": "migration", "actor": "ana"} | more))


CHAT, PAGER = Receiver(webhook="https://chat.example/a"), Receiver(webhook="https://pager.example/b", since="severe")
REFUSED, BROKEN, LATE, BAD = "connection refused", "it answered 500", "it did not answer", "it answered 400 Bad Request"
