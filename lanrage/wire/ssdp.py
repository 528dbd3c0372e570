"""SSDP (UPnP Device Architecture 1.1, section 1.3): the search for a gateway, and its answers."""

from __future__ import annotations

import attrs

from lanrage.errors import DecodeError

GROUP, PORT = "239.255.255.250", 1900
"""Where devices listen."""
MESSAGE_LIMIT = 2048
"""Bytes; answers are under 600."""
HEADER_LIMIT = 32
"""Lines; answers have ten."""
WAIT_S = 1
"""MX: a device answers within this time."""
TARGETS = (
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
)
"""What is searched; a device of version 2 answers to 1 too, but some do not (UDA 1.1, section 1.3.2)."""
_ANSWER = b"HTTP/1.1 200"


@attrs.frozen
class Search:
    """M-SEARCH.

    :param target: the kind of device or service.
    :param host: where it is sent: the group, or one device's address (section 1.3.2 allows both).
    """

    target: str
    host: str = f"{GROUP}:{PORT}"


@attrs.frozen
class Found:
    """A device's answer.

    :param location: URL of its description, as it says; anything may stand here.
    :param target: what it answers to.
    :param usn: unique service name.
    """

    location: str
    target: str
    usn: str


def encode_search(search: Search) -> bytes:
    """The datagram of a search."""
    lines = (
        "M-SEARCH * HTTP/1.1",
        f"HOST: {search.host}",
        'MAN: "ssdp:discover"',
        f"MX: {WAIT_S}",
        f"ST: {search.target}",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def encode_found(found: Found) -> bytes:
    """The datagram of an answer."""
    lines = ("HTTP/1.1 200 OK", f"LOCATION: {found.location}", f"ST: {found.target}", f"USN: {found.usn}", "EXT:", "")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def decode_found(data: bytes) -> Found:
    """Read an answer; of a header that comes twice the first counts.

    :raises DecodeError: for bytes that are none.
    """
    if len(data) > MESSAGE_LIMIT or not data.startswith(_ANSWER):
        raise DecodeError("no answer to an SSDP search")
    head, _, _ = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")[1:]
    if len(lines) > HEADER_LIMIT:
        raise DecodeError("an SSDP answer with too many lines")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        try:
            word, text = name.decode("ascii").strip().upper(), value.decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise DecodeError("an SSDP answer that is not plain text") from error
        if not colon or not word or not text.isprintable():
            raise DecodeError("an SSDP answer with a line that is no header")
        headers.setdefault(word, text)
    try:
        return Found(headers["LOCATION"], headers["ST"], headers["USN"])
    except KeyError as error:
        raise DecodeError(f"an SSDP answer without {error.args[0]}") from error
