"""UPnP Internet Gateway Device: its description read, and SOAP calls to map ports (WANIPConnection:1 and :2).

XML comes from a router, a stranger: it is read by defusedxml, which refuses entities and document types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin
from xml.sax.saxutils import escape

import attrs
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from lanrage.errors import DecodeError

SERVICES = (
    "urn:schemas-upnp-org:service:WANIPConnection:2",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
)
"""Services that map ports, the best first."""
DEPTH_LIMIT, ELEMENT_LIMIT = 16, 2000
"""Of a description; those seen have a depth of 8 and 150 elements."""
ONLY_PERMANENT_LEASES = 725
CONFLICT_IN_MAPPING = 718
NO_SUCH_ENTRY = 714
"""Error codes of WANIPConnection:1, section 2.4.16 and 2.4.17."""


@attrs.frozen
class Service:
    """Where ports are mapped.

    :param kind: one of :data:`SERVICES`.
    :param url: to which SOAP calls go.
    """

    kind: str
    url: str


@attrs.frozen
class Fault:
    """The router refused: UPnP's error code, 0 where it gave none, and what it says."""

    code: int
    text: str


def services(description: bytes, location: str) -> list[Service]:
    """The services of a description that map ports, the best first.

    :param location: the description's own URL, to which its addresses are relative.
    :raises DecodeError: for bytes that are no description.
    """
    root = _parse(description)
    found = []
    for element in _all(root, "service"):
        kind, url = _text(element, "serviceType"), _text(element, "controlURL")
        if kind in SERVICES and url:
            found.append(Service(kind, urljoin(location, url)))
    return sorted(found, key=lambda service: SERVICES.index(service.kind))


def call(kind: str, action: str, arguments: Mapping[str, str | int]) -> tuple[dict[str, str], bytes]:
    """Headers and body of a SOAP call (UPnP Device Architecture 1.1, section 3.2)."""
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in arguments.items())
    body = (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
        f'<u:{action} xmlns:u="{kind}">{inner}</u:{action}></s:Body></s:Envelope>'
    )
    return {"Content-Type": 'text/xml; charset="utf-8"', "SOAPAction": f'"{kind}#{action}"'}, body.encode()


def answer(body: bytes, action: str) -> dict[str, str] | Fault:
    """What a call returned.

    :raises DecodeError: for bytes that are no answer to it.
    """
    root = _parse(body)
    for error in _all(root, "UPnPError"):
        code = _text(error, "errorCode")
        return Fault(int(code) if code.isascii() and code.isdigit() else 0, _text(error, "errorDescription")[:100])
    if any(True for _ in _all(root, "Fault")):
        return Fault(0, "a fault without a code")
    for element in _all(root, f"{action}Response"):
        return {_name(child): (child.text or "").strip() for child in element}
    raise DecodeError("no answer to the call")


def _parse(data: bytes) -> Any:
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise DecodeError("no XML that may be read") from error
    _check_size(root)
    return root


def _check_size(root: Any) -> None:
    level, depth, count = [root], 0, 0
    while level:
        depth, count = depth + 1, count + len(level)
        if depth > DEPTH_LIMIT or count > ELEMENT_LIMIT:
            raise DecodeError("XML that is too deep or too large")
        level = [child for element in level for child in element]


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(root: Any, name: str) -> Iterator[Any]:
    return (element for element in root.iter() if _name(element) == name)


def _text(element: Any, name: str) -> str:
    return next(((child.text or "").strip() for child in element if _name(child) == name), "")
