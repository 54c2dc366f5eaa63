"""What may be shown of an address or a secret that a contract holds: enough to know it by, and nothing secret."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import PlainSerializer

from baseline_pipeline.contract.section import Text

HIDDEN = "***"
VARIABLE = re.compile(r"\$\{(\w+)\}")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|([\w.-]|\$\{\w+\})+)(:(\d+|\$\{\w+\}))?")
WITH_HOSTS = frozenset({"http", "https", "json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos"})
"""Ways of which the place after `://` is a host; of Apprise's others it may be a token."""
LOGIN = re.compile(r"://[^\s'\"]*@")
OPTIONS = re.compile(r"\?[^\s'\"]*=[^\s'\"]*")


def redacted_secret(text: str) -> str:
    """A secret's variable, or nothing of it.

    Example:
        >>> redacted_secret("${HOOK_KEY}"), redacted_secret("hunter2")
        ('${HOOK_KEY}', '***')
    """
    return text if VARIABLE.fullmatch(text) else HIDDEN


def redacted_receiver(url: str) -> str:
    """The scheme of a receiver's address, its host where that cannot be a token, and nothing else.

    Example:
        >>> redacted_receiver("https://ana:${PW}@hooks.example:8443/T0/secret?token=1")
        'https://hooks.example:8443/***'
        >>> redacted_receiver("slack://TokenA/TokenB/TokenC"), redacted_receiver("${ALERT_URL}")
        ('slack://***', '${ALERT_URL}')
    """
    scheme, _, rest = url.partition("://")
    if not rest or not SCHEME.fullmatch(scheme):
        return redacted_secret(url)
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    hidden = "@" in rest[len(authority) :]  # a password that was not quoted may stand where the host would
    if hidden or not HOST.fullmatch(host) or scheme not in WITH_HOSTS:
        return f"{scheme}://{HIDDEN}"
    return f"{scheme}://{host}{'' if rest == authority == host else '/' + HIDDEN}"


def redacted_database(url: str) -> str:
    """A database's URL without login and options; a file's path stays.

    Example:
        >>> redacted_database("postgresql+psycopg2://ana:pw@db.example/sales?sslpassword=x")
        'postgresql+psycopg2://***@db.example/sales?***'
        >>> redacted_database("sqlite:///data/sales.db"), redacted_database("${SALES_URL}")
        ('sqlite:///data/sales.db', '${SALES_URL}')
    """
    return OPTIONS.sub(f"?{HIDDEN}", LOGIN.sub(f"://{HIDDEN}@", url))


Secret = Annotated[Text, PlainSerializer(redacted_secret)]
"""A text that leaves the contract as `***` or as its variable, wherever it goes; fields of it are `repr=False`."""
ReceiverUrl = Annotated[Text, PlainSerializer(redacted_receiver)]
DatabaseUrl = Annotated[Text, PlainSerializer(redacted_database)]
