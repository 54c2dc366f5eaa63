"""Chats, pagers and mail, by Apprise: some 130 services, each a URL.

Most of them know no idempotency key. Where the answer to a notification is lost it is told again, and people know it by
the reference in its last line. Sending is done in a process of its own, which is ended when its time is over.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.notifiers import apprise_sending
from baseline_pipeline.adapters.notifiers.addresses import filled
from baseline_pipeline.response.delivery import NotDelivered
from baseline_pipeline.response.messages import plain_text
from baseline_pipeline.verdicts import worst_tier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from baseline_pipeline.contract.monitoring import Receiver
    from baseline_pipeline.records import Digest
    from baseline_pipeline.response.messages import Message

SECONDS = 10.0
STARTING = 15.0
"""Seconds that the process may take besides, to begin and to end."""
KINDS = {"minor": "info", "moderate": "warning", "severe": "failure"}
NOT_TAKEN = "Apprise could not reach it, or it did not take it"


def notify(
    receiver: Receiver,
    messages: Sequence[Message],
    key: Digest,  # noqa: ARG001 -- the promise is the webhook's; these services have no place for it
    seconds: float = SECONDS,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Tell a receiver, once; of what it answers no more is read than fits into time and memory.

    Args:
        receiver: With an `apprise`.
        messages: Of one owner.
        key: Not sent.
        seconds: For the exchange; ten at most.
        environ: Values of `${VARIABLE}`s.

    Raises:
        NotDelivered: in words that hold nothing of the address.
    """
    url = filled(receiver.apprise or "", environ, "notify.apprise")
    title, body = plain_text(messages)
    answer = _sent(
        {"url": url, "title": title, "body": body, "kind": _kind(messages), "seconds": min(seconds, SECONDS)}
    )
    if answer["ok"]:
        return
    if answer.get("lacking"):
        message = f"the package {answer['lacking']!r} is not installed"
        raise NotDelivered(message, surely=True, next_step="install apprise beside baseline-pipeline")
    if answer.get("unknown"):
        message = "notify.apprise is no URL that Apprise knows once its variables are filled in"
        raise NotDelivered(message, surely=True, next_step="see Apprise's list of services for how it is written")
    raise NotDelivered(f"it answered {answer['said']}" if answer.get("said") else NOT_TAKEN)


def _sent(asked: dict[str, Any]) -> dict[str, Any]:
    """What became of it; the address goes by stdin, where no list of processes shows it."""
    command = [
        sys.executable,
        "-P",
        str(apprise_sending.__file__),
    ]  # -P: beside it lies a file that is called as Apprise
    try:
        done = subprocess.run(  # noqa: S603  # our own script
            command,
            input=json.dumps(asked),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it may hold the address
            text=True,
            timeout=asked["seconds"] + STARTING,
            check=False,
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return {"ok": False}
    return found


def _kind(messages: Sequence[Message]) -> str:
    if all(one.kind == "closed" for one in messages):
        return "success"
    return KINDS[worst_tier(one.tier for one in messages if one.kind != "closed")]
