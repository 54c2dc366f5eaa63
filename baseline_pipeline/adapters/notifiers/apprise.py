"""Chats, pagers and mail, by Apprise: some 130 services, each a URL.

Most of them know no idempotency key. Where the answer to a notification is lost it is told again, and people know it by
the reference in its last line.
"""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING

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
STATUS = re.compile(r"error=(\d{3})\b")
KINDS = {"minor": "info", "moderate": "warning", "severe": "failure"}


def notify(
    receiver: Receiver,
    messages: Sequence[Message],
    key: Digest,  # noqa: ARG001 -- the promise is the webhook's; these services have no place for it
    seconds: float = SECONDS,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Tell a receiver, once: Apprise's own retries, redirects and splitting of long texts are off.

    Args:
        receiver: With an `apprise`.
        messages: Of one owner.
        key: Not sent.
        seconds: For all of it; ten at most.
        environ: Values of `${VARIABLE}`s.

    Raises:
        NotDelivered: in words that hold nothing of the address.
    """
    url = filled(receiver.apprise or "", environ, "notify.apprise")
    try:
        import apprise
    except ModuleNotFoundError as error:
        message = f"the package {error.name!r} is not installed"
        raise NotDelivered(message, surely=True, next_step="install apprise beside baseline-pipeline") from None
    _keep_addresses_out_of_logs()
    asset = apprise.AppriseAsset(
        storage_mode="memory",
        async_mode=False,
        http_redirects=False,
        app_id="baseline-pipeline",
        app_desc="Performance baselines",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        service_timeout=min(seconds, SECONDS),
    )
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        message = "notify.apprise is no URL that Apprise knows once its variables are filled in"
        raise NotDelivered(message, surely=True, next_step="see Apprise's list of services for how it is written")
    service.retry, service.optional, service.redirects = 0, False, False
    service.overflow_mode = apprise.OverflowMode.TRUNCATE
    title, body = plain_text(messages)
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    result = sender.notify(
        body=body,
        title=title,
        notify_type=_kind(messages),
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
        timeout=min(seconds, SECONDS),
    )
    if not result:
        found = [one[1] for entry in result.logs() if (one := STATUS.search(entry.message))]
        raise NotDelivered(f"it answered {found[-1]}" if found else "Apprise could not reach it, or it did not take it")


def _keep_addresses_out_of_logs() -> None:
    """Apprise writes whole URLs to its log, and so does urllib3 of each request: neither reaches a log of ours."""
    logging.getLogger("apprise").propagate = False
    requests = logging.getLogger("urllib3.connectionpool")
    if requests.level < logging.INFO:
        requests.setLevel(logging.INFO)


def _kind(messages: Sequence[Message]) -> str:
    if all(one.kind == "closed" for one in messages):
        return "success"
    return KINDS[worst_tier(one.tier for one in messages if one.kind != "closed")]
