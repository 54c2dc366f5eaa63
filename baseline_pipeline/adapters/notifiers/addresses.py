"""Receivers' addresses: environment variables put in for sending, everything secret left out for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from baseline_pipeline.records import digest_of, short
from baseline_pipeline.response.delivery import NotDelivered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from baseline_pipeline.contract.monitoring import Receiver

VARIABLE = re.compile(r"\$\{(\w+)\}")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|([\w.-]|\$\{\w+\})+)(:(\d+|\$\{\w+\}))?")
WITH_HOSTS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos"})
"""Apprise's ways of which the place after `://` is a host; of others it may be a token."""


def receiver_id(receiver: Receiver) -> str:
    """Twelve characters that stand for a receiver: the same while its address stays as it is written.

    The least tier it is told of may change. Variables are not looked up: their values may change too.
    """
    return short(digest_of([receiver.apprise, receiver.webhook, receiver.secret]))


def receiver_name(receiver: Receiver) -> str:
    """What people know a receiver by: its id, scheme and host, and nothing that may be secret.

    Example:
        >>> from baseline_pipeline.contract.monitoring import Receiver
        >>> receiver_name(Receiver(webhook="https://ana:${PW}@hooks.example:8443/T0/secret?token=1"))
        '3a6b20ee235a https://hooks.example:8443'
        >>> receiver_name(Receiver(apprise="slack://TokenA/TokenB/TokenC"))
        '47b486323c33 slack'
    """
    url = receiver.webhook or receiver.apprise or ""
    scheme, _, rest = url.partition("://")
    if not rest or not SCHEME.fullmatch(scheme):
        only = VARIABLE.fullmatch(url)
        return f"{receiver_id(receiver)} {only[0]}" if only else receiver_id(receiver)
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    hidden = "@" in rest[len(authority) :]  # a password that was not quoted may stand where the host would
    if hidden or not HOST.fullmatch(host) or (receiver.webhook is None and scheme not in WITH_HOSTS):
        return f"{receiver_id(receiver)} {scheme}"
    return f"{receiver_id(receiver)} {scheme}://{host}"


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
