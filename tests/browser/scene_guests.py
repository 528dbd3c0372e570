"""What a node in memory keeps for the page's cards: guests, an invitation that waits, modifications that differ."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from lanrage.app.caller import Caller
from lanrage.app.guest_results import GuestAdded, GuestRemoved, GuestShown, GuestsShown
from lanrage.app.operations_offers import OffersShown
from lanrage.app.servers_results import JoinShown
from lanrage.errors import BadInput, Refused
from tests.fakes_guests import DECK
from tests.fakes_node import FakeNode
from tests.fakes_node import plain as as_plain
from tests.fakes_offers import OFFER
from tests.fakes_servers import DIFFERS, JOIN

CONFIG = """[Interface]
PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=
Address = 10.66.0.254/24

[Peer]
PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
Endpoint = 192.0.2.7:51820
AllowedIPs = 10.66.0.0/24, 255.255.255.255/32, 224.0.0.0/4
PersistentKeepalive = 25
"""
"""As the node gives it; the keys are WireGuard's own examples."""
TAKEN = "taken"
"""A name that a guest has already."""
HOUR = 3600.0
OFFER_S = 600.0
"""Seconds that an invitation waits after it was taken."""


class KeepingNode(FakeNode):
    """Guests come and go; the rest is as its attributes say.

    :ivar guests: that there are.
    :ivar differs: modifications of this machine are not those of who runs the server.
    """

    def __init__(self) -> None:
        super().__init__()
        self.guests: list[GuestShown] = []
        self.differs, self.no_offer, self.offer_ends = False, True, 0.0

    def keep_nothing(self) -> None:
        """As in the beginning."""
        self.guests, self.join = [], JOIN
        self.differs, self.no_offer, self.offer_ends = False, True, 0.0

    def do(self, word: str) -> None:
        """What a test asks of it: ``offer`` (also taken anew), ``mods`` or ``deck``."""
        if word == "offer":
            self.no_offer = False
            self.offer_ends = max(self.offer_ends, time.monotonic()) + OFFER_S
        if word == "mods":
            self.differs, self.join = True, msgspec.structs.replace(JOIN, mods=DIFFERS)
        if word == "deck":
            self.guests = [DECK]

    async def add_guest(
        self, *, name: str, expires_hours: float, via: str, address: str, plain: bool
    ) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("add_guest", name, expires_hours, via, address, plain)
        if name == TAKEN:
            raise Refused("guest_taken", f"there is a guest named {name!r} there already; remove it first")
        if address == "nowhere":
            raise BadInput("address", "takes HOST or HOST:PORT")
        server = "Ben" if via else self.members[0].name
        end = 1.8e9 + expires_hours * HOUR
        guest = GuestShown(name, f"10.66.0.{250 - len(self.guests)}", server, end, not via, None if via else 12.0)
        self.guests.append(guest)
        doubt = "" if address else "it is not known yet whether its router lets strangers in"
        return as_plain(GuestAdded(guest, CONFIG, address or "192.0.2.7:51820", doubt, [] if via else ["Ben"]))

    async def list_guests(self) -> dict[str, Any]:
        """See :class:`INode`."""
        self._in_party()
        return as_plain(GuestsShown(self.guests))

    async def remove_guest(self, *, name: str, via: str) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("remove_guest", name, via)
        kept = [each for each in self.guests if (each.name, each.server) != (name, via)]
        removed, self.guests = len(self.guests) - len(kept), kept
        return as_plain(GuestRemoved(name, removed))

    async def show_offers(self, *, caller: Caller) -> dict[str, Any]:
        """See :class:`INode`."""
        left = self.offer_ends - time.monotonic()
        offers = [] if self.no_offer else [msgspec.structs.replace(OFFER, lasts_s=left)]
        return as_plain(OffersShown(offers))

    async def launch_server(self, *, server: str, anyway: bool, caller: Caller) -> dict[str, Any]:
        """See :class:`INode`."""
        if self.differs and not anyway:
            raise Refused("mods_differ", "modifications are not those of Ben, who runs the server")
        shown: JoinShown = self.join
        self._enter("launch_server", server, anyway, caller.user)
        return as_plain(shown)

    async def compare_mods(self, game: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :class:`INode`."""
        del game
        return await super().compare_mods("minecraft java", caller)
