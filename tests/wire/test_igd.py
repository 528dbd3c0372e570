"""UPnP IGD's XML: what is written reads back, a stranger's XML harms nothing, and no URL leads elsewhere."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.errors import DecodeError
from lanrage.wire import igd
from lanrage.wire.igd import Call, Service, UpnpError
from tests.readers import check_reader
from tests.strategies_mapping import calls, services

GATEWAY = IPv4Address("192.168.1.1")
LOCATION = "http://192.168.1.1:5000/desc/root.xml"
HOSTILE = [
    "http://192.168.1.2/ctl",
    "http://evil.example/ctl",
    "https://192.168.1.1/ctl",
    "file:///etc/passwd",
    "//evil.example/ctl",
    "http://192.168.1.1@evil.example/",
    "http://evil@192.168.1.1/",
    "http://192.168.1.1:0/",
    "http://192.168.1.1:99999/",
    "http://192.168.1.1/" + "a" * 600,
    "http://192.168.1.1/a b",
    "http://192.168.1.1\\@evil.example/",
    "http://0300.0250.1.1/",
    "http://[::1]/",
]


def description(*services_of: tuple[str, str], base: str = "") -> bytes:
    """A device's description, with its services nested as routers nest them."""
    listed = "".join(
        f"<service><serviceType>{kind}</serviceType><controlURL>{url}</controlURL></service>"
        for kind, url in services_of
    )
    return (
        f'<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0">{base}<device><deviceList><device>'
        f"<serviceList>{listed}</serviceList></device></deviceList></device></root>"
    ).encode()


@given(services, calls)
def test_calls_read_back(service: Service, call: Call) -> None:
    """A call is the same value after its trip, whatever its arguments hold."""
    assert igd.decode_call(igd.encode_call(service, call)) == call


@given(
    services, st.dictionaries(st.sampled_from(["A", "B", "NewExternalIPAddress"]), st.sampled_from(["", "1 < 2", "&"]))
)
def test_answers_read_back(service: Service, values: dict[str, str]) -> None:
    """An answer likewise; one to another action is refused."""
    data = igd.encode_answer(service, "Get", values)
    assert igd.decode_answer(data, "Get") == values
    with pytest.raises(DecodeError):
        igd.decode_answer(data, "Set")


@given(st.integers(0, 99999))
def test_errors_read_back(number: int) -> None:
    """A UPnP error is raised with its number."""
    with pytest.raises(UpnpError) as caught:
        igd.decode_answer(igd.encode_error(number, "Conflict<"), "Get")
    assert caught.value.number == number


@given(st.binary(max_size=300) | st.text("<>/a:&;!?[]\"' ", max_size=60).map(str.encode))
def test_any_bytes_are_a_value_or_a_decode_error(data: bytes) -> None:
    """In every reader."""
    check_reader(igd.decode_call, data)
    check_reader(lambda raw: igd.decode_answer(raw, "Get"), data)
    check_reader(lambda raw: igd.decode_description(raw, LOCATION, GATEWAY), data)


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE l [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "http://evil.example/a.dtd"><a/>',
        b"<a>" * 20000,
        b"<a>" * 9000 + b"</a>" * 9000,
        b"<a>" + b"x" * igd.XML_LIMIT + b"</a>",
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
    ],
    ids=["entity", "laughs", "file", "dtd", "open", "deep", "long", "encoding"],
)
def test_bombs(data: bytes) -> None:
    """XML that is made to harm is refused, not expanded."""
    for read in (lambda raw: igd.decode_answer(raw, "Get"), lambda raw: igd.decode_description(raw, LOCATION, GATEWAY)):
        with pytest.raises(DecodeError):
            read(data)


@pytest.mark.parametrize("url", HOSTILE)
def test_urls_elsewhere(url: str) -> None:
    """Neither as LOCATION nor as control URL nor as base."""
    with pytest.raises(DecodeError):
        igd.check_url(url, GATEWAY)
    escaped = url.replace("&", "&amp;")
    with pytest.raises(DecodeError):
        igd.decode_description(description((igd.SERVICES[0], escaped)), LOCATION, GATEWAY)


@given(st.text(max_size=60))
def test_any_url_is_the_gateways_or_refused(text: str) -> None:
    """Property: what passes begins with the gateway's address."""
    try:
        url = igd.check_url(text, GATEWAY)
    except DecodeError:
        return
    assert url.startswith("http://192.168.1.1:")


def test_best_service() -> None:
    """Of several services the best is taken; its URL is relative to the location, or to a base on the gateway."""
    second, first, ppp = igd.SERVICES
    data = description((ppp, "/ppp"), (first, "/one"), ("urn:other", "/x"))
    assert igd.decode_description(data, LOCATION, GATEWAY) == Service(first, "http://192.168.1.1:5000/one")
    data = description((first, "one"), (second, "two?a=1"))
    assert igd.decode_description(data, LOCATION, GATEWAY) == Service(second, "http://192.168.1.1:5000/desc/two?a=1")
    data = description((first, "one"), base="<URLBase>http://192.168.1.1:80/</URLBase>")
    assert igd.decode_description(data, LOCATION, GATEWAY).url == "http://192.168.1.1:80/one"
    with pytest.raises(DecodeError):
        igd.decode_description(description((first, "one"), base="<URLBase>http://evil/</URLBase>"), LOCATION, GATEWAY)
    with pytest.raises(DecodeError):
        igd.decode_description(description(("urn:other", "/x")), LOCATION, GATEWAY)
