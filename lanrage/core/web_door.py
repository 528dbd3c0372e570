"""Whom the gateway for browsers answers at all, by what a request's headers say (``docs/web-api.rst``). Pure.

A web page of anybody's can make a browser send requests to this machine. Three things tell them from the node's own
page: ``Host`` (a foreign name that was made to point here, DNS rebinding, is still said there), ``Origin`` (of whoever
sends it, other ports of this machine included) and ``Sec-Fetch-Site``. None of them can be set by a page's script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address

import attrs

SUBPROTOCOL = "lanrage.v1"
"""Of the WebSocket: the messages of the local API."""
TOKEN_PROTOCOL = "token."
"""What the second subprotocol begins with, whose rest is the token: a browser can set no header there."""
SECRET_CHARACTERS = 43
"""Of a code or token: 32 bytes in base64url without padding."""
HTTP_PORT = 80
"""The one port that browsers leave out of ``Host`` and ``Origin``."""

_SECRET = re.compile(rf"[A-Za-z0-9_-]{{{SECRET_CHARACTERS}}}", re.ASCII)
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)


def is_secret(text: str) -> bool:
    """Whether it has the form of a code or token."""
    return _SECRET.fullmatch(text) is not None


def in_url(host: str, port: int) -> str:
    """An address and a port as a URL has them."""
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}"


@attrs.frozen
class Door:
    """What requests must say to be answered.

    :param hosts: the values of ``Host``, in lower case.
    """

    hosts: frozenset[str]

    @classmethod
    def at(cls, host: str, port: int) -> Door:
        """The door of a gateway that listens at a loopback address."""
        named = {in_url(str(ip_address(host)), port), f"localhost:{port}"}
        if port == HTTP_PORT:
            named |= {name.rpartition(":")[0] for name in named}
        return cls(frozenset(named))

    def refusal(self, hosts: Sequence[str], origins: Sequence[str]) -> str:
        """Why a request is not answered, as a code of :data:`lanrage.wire.web.PROBLEMS`; empty where it is.

        :param hosts: the values of all ``Host`` headers.
        :param origins: likewise of ``Origin``.
        """
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return "foreign_host"
        if len(origins) > 1 or any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
            return "foreign_origin"
        return ""


def is_fetched_from_elsewhere(sites: Sequence[str], modes: Sequence[str], *, page: bool) -> bool:
    """Whether a browser says that another site's page asks (https://www.w3.org/TR/fetch-metadata/).

    :param sites: the values of all ``Sec-Fetch-Site`` headers; a program that is no browser sends none.
    :param modes: likewise of ``Sec-Fetch-Mode``.
    :param page: what is asked for may be opened by a link on another site.
    """
    if all(site in ("same-origin", "none") for site in sites):
        return False
    return not (page and list(modes) == ["navigate"])


def bearer(values: Sequence[str]) -> str:
    """The token of the ``Authorization`` headers (RFC 6750); empty where there is none of our form."""
    found = _BEARER.fullmatch(values[0]) if len(values) == 1 else None
    return found.group(1) if found is not None and is_secret(found.group(1)) else ""


def offered_token(protocols: Sequence[str]) -> str:
    """The token of a WebSocket's subprotocols; empty where they are not ours with one token."""
    tokens = [each.removeprefix(TOKEN_PROTOCOL) for each in protocols if each.startswith(TOKEN_PROTOCOL)]
    ours = SUBPROTOCOL in protocols and len(tokens) == 1 and is_secret(tokens[0])
    return tokens[0] if ours else ""


def is_json(values: Sequence[str]) -> bool:
    """Whether the ``Content-Type`` headers say JSON: what no form of another site can say without asking first."""
    return len(values) == 1 and values[0].partition(";")[0].strip().lower() == "application/json"
