"""Finding a router's UPnP description (UPnP Device Architecture 1.1, section 1.3): the question and its answers."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

import attrs

from lanrage.errors import DecodeError

GROUP, PORT = "239.255.255.250", 1900
"""Where the question goes: it may go to the router alone, too (section 1.3.2)."""
ANSWER_LIMIT = 2048
"""Bytes of an answer; those seen have 500."""
URL_LIMIT = 512
TARGETS = (
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
)
"""A device of version 2 answers for version 1, too; not all do so."""


@attrs.frozen
class Found:
    """A device.

    :param location: URL of its description.
    """

    target: str
    location: str


def question(target: str) -> bytes:
    """Who is such a device? To be answered within a second."""
    lines = ("M-SEARCH * HTTP/1.1", f"HOST: {GROUP}:{PORT}", 'MAN: "ssdp:discover"', "MX: 1", f"ST: {target}")
    return "\r\n".join((*lines, "", "")).encode()


def decode(data: bytes) -> Found:
    """Read an answer.

    :raises DecodeError: for bytes that are none.
    """
    if len(data) > ANSWER_LIMIT:
        raise DecodeError("an SSDP answer is too long")
    try:
        first, *lines = data.decode("ascii").split("\r\n")
    except UnicodeDecodeError as error:
        raise DecodeError("an SSDP answer is no ASCII") from error
    if not first.startswith("HTTP/1.") or first.split(" ")[1:2] != ["200"]:
        raise DecodeError("no SSDP answer")
    headers = {name.strip().lower(): value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}
    if not headers.get("st") or not headers.get("location"):
        raise DecodeError("an SSDP answer without target or location")
    return Found(headers["st"], headers["location"])


def check_url(url: str, router: IPv4Address) -> str:
    """Return a URL that leads to the router itself and nowhere else: no other machine is asked because of an answer.

    :raises DecodeError: for another host, a name, another scheme, a user, or an odd port.
    """
    if len(url) > URL_LIMIT or not url.isascii() or not url.isprintable() or " " in url:
        raise DecodeError("a URL of the router that is none")
    try:
        parts = urlsplit(url)
        host, port = ip_address(parts.hostname or ""), parts.port
    except ValueError as error:
        raise DecodeError("a URL of the router without its address") from error
    if parts.scheme != "http" or host != router or parts.username is not None or port == 0:
        raise DecodeError("a URL that does not lead to the router")
    return url
