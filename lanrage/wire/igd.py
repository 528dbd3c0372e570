"""UPnP IGD (UPnP Forum: WANIPConnection:1 and :2, WANPPPConnection:1): description, SOAP calls, their answers.

A gateway's XML is a stranger's: at most 64 KiB, without DTD and entities, and every URL in it leads to the gateway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

import attrs
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from lanrage.errors import DecodeError

XML_LIMIT = 64 * 1024
"""Bytes of a description or an answer; descriptions of real routers have 2 to 10 KiB."""
URL_LIMIT = 512
SERVICES = (
    "urn:schemas-upnp-org:service:WANIPConnection:2",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
)
"""Services that map ports, the best first; version 2 alone has AddAnyPortMapping."""
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
_CONTROL = "urn:schemas-upnp-org:control-1-0"
_URL = re.compile(r"http://(?P<host>[0-9.]{7,15})(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!#-;=?-\[\]_a-z~]*)?\Z")
"""Without names, users, fragments, blanks and quotation marks."""
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")


@attrs.frozen
class Service:
    """The service of a gateway that maps ports.

    :param kind: one of :data:`SERVICES`.
    :param url: where calls go; it leads to the gateway.
    """

    kind: str
    url: str


@attrs.frozen
class Call:
    """One action.

    :param action: its name, of letters.
    :param arguments: by name, in the order of the service's definition.
    """

    action: str
    arguments: tuple[tuple[str, str], ...] = ()


class UpnpError(DecodeError):
    """The gateway answered with a UPnP error.

    :param number: for example 718 (ConflictInMappingEntry), 725 (OnlyPermanentLeasesSupported).
    """

    code = "upnp"

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"the gateway answers with UPnP error {number} ({text})")
        self.number = number


def check_url(url: str, gateway: IPv4Address) -> str:
    """Accept an ``http`` URL on the gateway's own address, in its one spelling, and nothing else.

    :raises DecodeError: for any other.
    """
    match = _URL.match(url) if len(url) <= URL_LIMIT else None
    if match is None or match["host"] != str(gateway):
        raise DecodeError("a gateway's URL that is none, or leads elsewhere")
    port = int(match["port"] or "80")
    if not 1 <= port <= 65535:
        raise DecodeError("a gateway's URL with a port that is none")
    return f"http://{gateway}:{port}{match['path'] or '/'}"


def join_url(base: str, url: str, gateway: IPv4Address) -> str:
    """A URL as it stands in the document at `base` (RFC 3986 section 5.2, as far as routers use it).

    :param base: on the gateway.
    :raises DecodeError: where it leads elsewhere.
    """
    base = check_url(base, gateway)
    if ":" in url or url.startswith("//"):
        return check_url(url, gateway)
    folder = base.partition("?")[0].rpartition("/")[0] + "/"
    origin = "/".join(base.split("/")[:3])
    return check_url(origin + url if url.startswith("/") else folder + url, gateway)


def _parse(data: bytes) -> Element:
    if len(data) > XML_LIMIT:
        raise DecodeError(f"XML of more than {XML_LIMIT} bytes")
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, UnicodeError) as error:
        raise DecodeError("what the gateway sent is no XML, or XML with a DTD") from error
    return root


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _texts(element: Element) -> dict[str, str]:
    """The text of each child by name, the first where there are several."""
    found: dict[str, str] = {}
    for child in element:
        found.setdefault(_name(child), (child.text or "").strip())
    return found


def decode_description(data: bytes, location: str, gateway: IPv4Address) -> Service:
    """Find the service that maps ports in a device's description.

    :param location: where the description was fetched.
    :raises DecodeError: where there is none on this gateway.
    """
    root = _parse(data)
    base = _texts(root).get("URLBase") or location
    offered: dict[str, str] = {}
    for element in root.iter():
        if _name(element) == "service":
            texts = _texts(element)
            offered.setdefault(texts.get("serviceType", ""), texts.get("controlURL", ""))
    kind = next((kind for kind in SERVICES if offered.get(kind)), None)
    if kind is None:
        raise DecodeError("the gateway's description names no service that maps ports")
    return Service(kind, join_url(base, offered[kind], gateway))


def action_header(service: Service, call: Call) -> str:
    """The value of the header SOAPACTION."""
    return f'"{service.kind}#{call.action}"'


def encode_call(service: Service, call: Call) -> bytes:
    """The body of a call."""
    arguments = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in call.arguments)
    return (
        f'<?xml version="1.0"?>\n<s:Envelope xmlns:s="{_SOAP}" s:encodingStyle="{_ENCODING}"><s:Body>'
        f'<u:{call.action} xmlns:u="{service.kind}">{arguments}</u:{call.action}></s:Body></s:Envelope>\n'
    ).encode()


def _body(data: bytes) -> Element:
    """What stands in the envelope."""
    root = _parse(data)
    body = next((child for child in root if _name(child) == "Body"), None)
    inner = next(iter(body), None) if body is not None else None
    if _name(root) != "Envelope" or inner is None:
        raise DecodeError("what the gateway answers is no SOAP")
    return inner


def decode_call(data: bytes) -> Call:
    """Read a call, as a gateway does.

    :raises DecodeError: for bytes that are none.
    """
    called = _body(data)
    arguments = tuple((_name(child), (child.text or "").strip()) for child in called)
    if not _WORD.match(_name(called)) or not all(_WORD.match(name) for name, _ in arguments):
        raise DecodeError("a SOAP call with a name that is none")
    return Call(_name(called), arguments)


def encode_answer(service: Service, action: str, values: Mapping[str, str]) -> bytes:
    """The body of an answer to an action."""
    return encode_call(service, Call(f"{action}Response", tuple(values.items())))


def encode_error(number: int, text: str) -> bytes:
    """The body of a UPnP error."""
    return (
        f'<?xml version="1.0"?>\n<s:Envelope xmlns:s="{_SOAP}"><s:Body><s:Fault><faultcode>s:Client</faultcode>'
        f'<faultstring>UPnPError</faultstring><detail><UPnPError xmlns="{_CONTROL}"><errorCode>{number}</errorCode>'
        f"<errorDescription>{escape(text)}</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>\n"
    ).encode()


def decode_answer(data: bytes, action: str) -> dict[str, str]:
    """What an action gave back, by name.

    :raises UpnpError: where the gateway refused.
    :raises DecodeError: for bytes that are no answer to this action.
    """
    answer = _body(data)
    if _name(answer) == "Fault":
        error = next((element for element in answer.iter() if _name(element) == "UPnPError"), None)
        texts = _texts(error) if error is not None else {}
        number = texts.get("errorCode", "")
        if not number.isascii() or not number.isdigit() or len(number) > 5:
            raise DecodeError("the gateway answers with a fault of no number")
        raise UpnpError(int(number), _plain(texts.get("errorDescription", "")))
    if _name(answer) != f"{action}Response":
        raise DecodeError("the gateway answers to another action")
    return _texts(answer)


def _plain(text: str) -> str:
    """A foreign text that is short and has no control characters."""
    return "".join(char if char.isprintable() else "?" for char in text[:80])
