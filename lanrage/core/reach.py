"""Whether nodes out on the internet reach a control server, as far as it can know by itself (``docs/links.rst``).

It cannot look at itself from outside. So it says no more than it knows: ``confirmed`` after a node came from a public
address, ``likely`` where an address speaks for it, ``unreachable`` where one speaks against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from lanrage.core.links import Endpoint
from lanrage.core.mapping import Transport, Wish
from lanrage.core.outside import is_public

State = Literal["confirmed", "likely", "claimed", "unknown", "unreachable"]

MAPPED_RELAY_PORTS = 16
"""Ports of the embedded relay that are mapped: a party of 17 in which nobody can punch; many routers hold 32 mappings
in all."""


class Ports(msgspec.Struct, frozen=True):
    """The ports of a control server with its reflector and relay.

    :param relay: first and last UDP port; ``None`` without an embedded relay.
    """

    control: int
    reflector: int
    relay: tuple[int, int] | None = None

    def wishes(self) -> tuple[Wish, ...]:
        """What a router should map, the most important first."""
        first, last = self.relay or (1, 0)
        relay = range(first, min(last + 1, first + MAPPED_RELAY_PORTS))
        return (
            Wish(Transport.TCP, self.control),
            Wish(Transport.UDP, self.reflector),
            *(Wish(Transport.UDP, port, exact=True) for port in relay),
        )

    def __str__(self) -> str:
        relay = f", UDP {self.relay[0]}-{self.relay[1]}" if self.relay is not None else ""
        return f"TCP {self.control}, UDP {self.reflector}{relay}"


class Situation(msgspec.Struct, frozen=True):
    """What a server knows of its place.

    :param ports: what it listens at.
    :param source: this machine's address towards the internet; empty = no default route.
    :param gateway: the router; empty = none.
    :param public: ``host:port`` under which the operator says that it is reached; may be empty.
    :param came_from: public address of the last node that logged in from outside; may be empty.
    :param trouble: why no port is mapped; may be empty.
    :param asked: the router was asked to map ports, or has no need to.
    """

    ports: Ports
    source: str = ""
    gateway: str = ""
    public: str = ""
    came_from: str = ""
    trouble: str = ""
    asked: bool = False


class Reach(msgspec.Struct, frozen=True):
    """The judgement.

    :param addresses: ``host:port`` that invitations should name, the best first.
    :param reflectors: ``host:port`` outside, where it is not the port inside.
    :param relay: the first and last of the relay's ports that are reached from outside; ``None`` = all, or none.
    :param sentence: what is so.
    :param advice: what to do about it; empty = nothing.
    """

    state: State
    sentence: str
    advice: str = ""
    addresses: tuple[str, ...] = ()
    reflectors: tuple[str, ...] = ()
    relay: tuple[int, int] | None = None


def judge(situation: Situation, mapped: Mapping[Wish, Endpoint]) -> Reach:
    """How this server is reached.

    :param mapped: the ports that are mapped and that nothing speaks against.
    """
    ports = situation.ports
    control = mapped.get(Wish(Transport.TCP, ports.control))
    reflector = mapped.get(Wish(Transport.UDP, ports.reflector))
    addresses = tuple(filter(None, (situation.public, str(control) if control is not None else "")))
    state, sentence, advice = _verdict(situation, control)
    moved = reflector is not None and reflector.port != ports.reflector
    return Reach(
        state,
        sentence,
        advice,
        tuple(dict.fromkeys(addresses)),
        (str(reflector),) if moved else (),
        _relay(ports, mapped) if control is not None else None,
    )


def _verdict(situation: Situation, control: Endpoint | None) -> tuple[State, str, str]:
    if situation.came_from:
        return "confirmed", f"a node reached it from outside ({situation.came_from})", ""
    hope = "nobody has come from outside yet to prove it"
    if control is not None:
        return "likely", f"the router maps {control} to it; {hope}", ""
    if situation.source and is_public(situation.source):
        firewall = f"let {situation.ports} in where a firewall is before this machine"
        return "likely", f"this machine has the public address {situation.source}; {hope}", firewall
    if situation.public:
        return "claimed", f"it is said to be reached as {situation.public}; {hope}", ""
    if not situation.source:
        return "unreachable", "this machine has no default route: only its own network reaches it", _by_hand(situation)
    if not situation.asked:
        return "unknown", "the router is being asked to map its ports", ""
    why = f": {situation.trouble}" if situation.trouble else ""
    return "unreachable", f"nobody outside this network reaches it{why}", _by_hand(situation)


def _by_hand(situation: Situation) -> str:
    where = f" to {situation.source} in the router at {situation.gateway}" if situation.gateway else ""
    return (
        f"forward {situation.ports}{where} by hand and start with --public-address=HOST (the router's public address), "
        "or run the control server on a machine with a public address"
    )


def _relay(ports: Ports, mapped: Mapping[Wish, Endpoint]) -> tuple[int, int] | None:
    """The ports from the first on that are mapped without a gap."""
    if ports.relay is None:
        return None
    first, last = ports.relay
    end = first
    while end <= last and Wish(Transport.UDP, end, exact=True) in mapped:
        end += 1
    return (first, end - 1) if end > first else None
