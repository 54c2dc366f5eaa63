"""Runs by itself, in a process that can be ended: one notification by Apprise, told on stdin, answered on stdout.

Apprise's plugins read whole answers, however large, and a thread of theirs that waits on a receiver which never ends
keeps its process from ending. Here both stop: memory is limited, and the process leaves whatever its threads do.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from contextlib import suppress
from typing import Any

MOST = 1 << 30
"""Bytes of memory; a plugin and its libraries take some 100 MB."""
STATUS = re.compile(r"error=(\d{3})\b")


def sent(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell a receiver, once: Apprise's own retries, redirects and splitting of long texts are off.

    Args:
        asked: `url`, `title`, `body`, `kind` and `seconds`.

    Returns:
        `{"ok": True}`, or why not, in words that hold nothing of the address: `lacking` names a package that is not
        installed, `unknown` says that no service is called so, `said` is the status that was answered.
    """
    try:
        import apprise
    except ModuleNotFoundError as error:
        return {"ok": False, "lacking": error.name}
    logging.getLogger("apprise").propagate = False
    asset = apprise.AppriseAsset(
        storage_mode="memory",
        async_mode=False,
        http_redirects=False,
        app_id="baseline-pipeline",
        app_desc="Performance baselines",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        service_timeout=asked["seconds"],
    )
    service = apprise.Apprise.instantiate(asked["url"], asset=asset)
    if service is None:
        return {"ok": False, "unknown": True}
    service.retry, service.optional, service.redirects = 0, False, False
    service.overflow_mode = apprise.OverflowMode.TRUNCATE
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    result = sender.notify(
        body=asked["body"],
        title=asked["title"],
        notify_type=asked["kind"],
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
        timeout=asked["seconds"],
    )
    found = [one[1] for entry in result.logs() if (one := STATUS.search(entry.message))]
    return {"ok": bool(result), "said": found[-1] if found else ""}


def _limit_memory() -> None:
    with suppress(ImportError, OSError, ValueError):  # not every system can
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST, MOST))


if __name__ == "__main__":
    _limit_memory()
    print(json.dumps(sent(json.load(sys.stdin))), flush=True)  # noqa: T201  # the answer
    os._exit(0)  # whatever a thread of Apprise's still reads
