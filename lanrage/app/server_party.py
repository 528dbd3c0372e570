"""What the server browser sees of the party (``docs/servers.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address
from typing import Protocol

import attrs

from lanrage.app.server_ear import HearingPlane
from lanrage.core.play_ports import Proto
from lanrage.core.server_entry import Origin

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring,too-few-public-methods


class HostedServer(Protocol):
    """A server that a member's node sees (:class:`lanrage.core.game_presence.Hosted`)."""

    @property
    def proto(self) -> Proto: ...

    @property
    def port(self) -> int: ...

    @property
    def query(self) -> str: ...

    @property
    def query_port(self) -> int: ...


@attrs.frozen
class Hosting:
    """A server with its game.

    :param game: a profile's id.
    """

    game: str
    server: HostedServer


@attrs.frozen
class MemberPlace:
    """A member as the browser needs it."""

    address: str
    name: str


@attrs.frozen(eq=False)
class BrowsedParty:
    """A party while this machine takes part in it.

    :param session: another object for each time that it takes part.
    :param identity: this member's.
    :param address: its party address.
    :param members: all members by identity, this one included.
    :param path_dead: asked whether there is no way to a member now.
    """

    session: object
    identity: bytes
    address: str
    plane: HearingPlane
    members: Callable[[], Mapping[bytes, MemberPlace]]
    path_dead: Callable[[IPv4Address], bool]

    def origin(self, address: str, members: Mapping[bytes, MemberPlace]) -> Origin | None:
        """The member at a party address."""
        member = next((identity for identity, place in members.items() if place.address == address), None)
        return None if member is None else Origin(address, member, member == self.identity)


Hosted = Callable[[bytes, bool], Iterable[Hosting]]
"""Takes a member's identity, and whether that is this one: the servers that its node sees."""
