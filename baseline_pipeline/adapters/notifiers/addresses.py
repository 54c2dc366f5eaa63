"""Receivers' addresses: environment variables put in for sending, everything secret left out for people."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote

from baseline_pipeline.contract.redaction import VARIABLE, redacted_receiver
from baseline_pipeline.records import canonical_json, short
from baseline_pipeline.response.delivery import NotDelivered

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping

    from baseline_pipeline.contract.monitoring import Receiver


def receiver_id(receiver: Receiver, key: bytes) -> str:
    """Twelve characters that stand for a receiver: the same while its address stays as it is written.

    Nobody without the key can find out by trial what the address is. The least tier it is told of and the secret that
    its messages are signed with may change. Variables are not looked up: their values may change too.

    Args:
        receiver: As the contract has it.
        key: Of the outbox.

    Example:
        >>> from baseline_pipeline.contract.monitoring import Receiver
        >>> receiver_id(Receiver(apprise="slack://TokenA/TokenB/TokenC"), b"0123456789abcdef")
        '4c063818bec5'
    """
    return short(hmac.new(key, canonical_json([receiver.apprise, receiver.webhook]), "sha256").hexdigest())


def receiver_name(receiver: Receiver) -> str:
    """What people know a receiver by: its scheme and host or its variable, and nothing that may be secret."""
    return redacted_receiver(receiver.webhook or receiver.apprise or "")


def filled(template: str, environ: Mapping[str, str], place: str) -> str:
    """A URL with its `${VARIABLE}`s replaced; before an `@` the values are quoted, as a password may hold anything.

    Args:
        template: As it stands in the contract.
        environ: The variables.
        place: Where it stands, for the message.

    Raises:
        NotDelivered: naming the variable that is not set; its text is not shown, nor are the values of others.

    Example:
        >>> filled("https://me:${PW}@hooks.example/${ROOM}", {"PW": "a@b", "ROOM": "x/y"}, "notify")
        'https://me:a%40b@hooks.example/x/y'
    """
    login, at, rest = template.rpartition("@")
    url = replaced(login, environ, place, lambda value: quote(value, safe="")) + at + replaced(rest, environ, place)
    if not url.isprintable() or " " in url:
        message = f"{place} holds blanks or control characters once its variables are filled in"
        raise NotDelivered(message, surely=True, next_step="see that the variables end without a line break")
    return url


def replaced(text: str, environ: Mapping[str, str], place: str, spell: Callable[[str], str] = str) -> str:
    """A text with its `${VARIABLE}`s replaced.

    Raises:
        NotDelivered: naming the variable that is not set.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in environ:
            message = f"{place}: environment variable {name} is not set"
            raise NotDelivered(message, surely=True, next_step=f"set {name} where this runs")
        return spell(environ[name])

    return VARIABLE.sub(value, text)
