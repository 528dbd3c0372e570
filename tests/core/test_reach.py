"""What a control server says of its own reach: never more than it knows."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.links import Endpoint
from lanrage.core.mapping import Transport, Wish
from lanrage.core.reach import MAPPED_RELAY_PORTS, Ports, Situation, judge

PORTS = Ports(7766, 3478, (7800, 7863))
CONTROL, REFLECTOR = Wish(Transport.TCP, 7766), Wish(Transport.UDP, 3478)
OUT = Endpoint("203.0.113.5", 7766)
BEHIND = Situation(PORTS, "192.168.1.10", "192.168.1.1")

situations = st.builds(
    Situation,
    st.just(PORTS),
    st.sampled_from(["", "192.168.1.10", "203.0.113.9"]),
    st.sampled_from(["", "192.168.1.1"]),
    st.sampled_from(["", "play.example.org:7766"]),
    st.sampled_from(["", "198.51.100.7"]),
    st.sampled_from(["", "no router answers"]),
    st.booleans(),
)
mapped = st.dictionaries(st.sampled_from(PORTS.wishes()), st.just(OUT))


@given(situations, mapped)
def test_honest(situation: Situation, ports: dict[Wish, Endpoint]) -> None:
    """Confirmed only by a visitor, unreachable always with advice, addresses only those mapped or claimed."""
    reach = judge(situation, ports)
    assert (reach.state == "confirmed") is bool(situation.came_from)
    if reach.state == "unreachable":
        assert "--public-address" in reach.advice
        assert "TCP 7766, UDP 3478, UDP 7800-7863" in reach.advice
        assert CONTROL not in ports
    assert set(reach.addresses) <= {situation.public, str(OUT)} - {""}
    assert msgspec.json.decode(msgspec.json.encode(reach), type=type(reach)) == reach


def test_wishes() -> None:
    """The port without which nothing goes comes first; of the relay only some, which must keep their numbers."""
    wishes = PORTS.wishes()
    assert wishes[:2] == (CONTROL, REFLECTOR)
    assert len(wishes) == 2 + MAPPED_RELAY_PORTS
    assert all(wish.exact for wish in wishes[2:])
    assert Ports(1, 2).wishes() == (Wish(Transport.TCP, 1), Wish(Transport.UDP, 2))


def test_mapped() -> None:
    """Another port outside is told, the relay's ports are told as far as they have no gap."""
    relay = [Wish(Transport.UDP, port, exact=True) for port in (7800, 7801, 7803)]
    outside = {CONTROL: Endpoint("203.0.113.5", 40000), REFLECTOR: Endpoint("203.0.113.5", 40001)}
    reach = judge(BEHIND, outside | {wish: Endpoint("203.0.113.5", wish.port) for wish in relay})
    assert (reach.state, reach.addresses, reach.reflectors, reach.relay) == (
        "likely",
        ("203.0.113.5:40000",),
        ("203.0.113.5:40001",),
        (7800, 7801),
    )
    same = judge(BEHIND, {CONTROL: OUT, REFLECTOR: Endpoint("203.0.113.5", 3478)})
    assert (same.reflectors, same.relay) == ((), None)


def test_unreachable() -> None:
    """Why, and what to do by hand."""
    reach = judge(msgspec.structs.replace(BEHIND, trouble="the router maps no port", asked=True), {})
    assert reach.state == "unreachable"
    assert "the router maps no port" in reach.sentence
    assert "to 192.168.1.10 in the router at 192.168.1.1" in reach.advice
    assert judge(BEHIND, {}).state == "unknown"
