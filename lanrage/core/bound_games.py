"""Which sockets of a game listen where members do not reach them; pure (``docs/doctor.rst``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import attrs

from lanrage.core.play_ports import Proto, Span

ANY = frozenset({"0.0.0.0", "::"})
"""What a socket is bound to that hears all addresses."""


@attrs.frozen
class Place:
    """Where one socket listens, or is bound for others to send to.

    :param address: an IP address as :mod:`ipaddress` writes it.
    """

    proto: Proto
    port: int
    address: str


def unheard(
    places: Iterable[Place],
    ports: Iterable[Span],
    own: Collection[str],
    party: Collection[str],
    helped: Collection[int],
) -> list[Place]:
    """The places at one address of this machine where nothing of the party arrives.

    A port with another socket that the party reaches is none; nor is one that the game's profile does not name, where
    it names any: games open ports of their own for other things.

    :param ports: of the game's profile.
    :param own: this machine's addresses.
    :param party: its addresses in the party.
    :param helped: UDP ports whose answers are translated to the real address already.
    """
    spans, there = list(ports), list(places)
    reached = {(each.proto, each.port) for each in there if each.address in ANY or each.address in party}
    reached |= {("udp", port) for port in helped}
    lonely = {
        each
        for each in there
        if each.address in own
        and (each.proto, each.port) not in reached
        and (not spans or any((each.proto, each.port) in span for span in spans))
    }
    return sorted(lonely, key=lambda each: (each.port, each.proto, each.address))
