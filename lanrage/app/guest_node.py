"""The operations on devices that take part through a member (``docs/guests.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage.app.governance import Governance, find_member
from lanrage.app.guest_dismissals import TEMPORARY
from lanrage.app.guest_results import GuestAdded, GuestRemoved, GuestsShown
from lanrage.app.guest_session import SessionGuests
from lanrage.app.guest_view import able, door_of, listed, peers_of, shown
from lanrage.app.ledger_view import name_of
from lanrage.app.links import Links
from lanrage.app.operations_guests import AddGuest
from lanrage.app.party_life import PartyLife
from lanrage.app.party_session import PartySession
from lanrage.core.certificates import Certificate
from lanrage.core.guest_config import Door, GuestConfig, read_endpoint
from lanrage.core.identity import AgreementKey
from lanrage.core.ledger import Standing
from lanrage.core.ledger_records import BringGuest, DismissGuest
from lanrage.core.links import WIREGUARD_PORT
from lanrage.core.names import name_key
from lanrage.core.party_guests import Guest, choose_guest_address, find_guests
from lanrage.core.replica import PartyReplica
from lanrage.errors import BadInput, Refused, Unreachable

TRIES = 5
"""Addresses that are tried where the control server knows of one that this node does not know as taken."""
KEY_BYTES = 32
HOW_TO_SERVE = "lanrage settings set guests.serve allow"


@attrs.frozen
class _Wish:
    """What is asked for, checked."""

    name: str
    server: Certificate
    expires: int
    door: Door
    plain: bool


class GuestNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    log = Logger()
    _random: Callable[[int], bytes]
    _now: Callable[[], float]

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    def _alone(self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> Deferred[dict[str, Any]]:
        raise AssertionError("given by the node")

    def _governance(self) -> tuple[Governance, PartyReplica]:
        raise AssertionError("given by the node")

    def add_guest(
        self, *, name: str, expires_hours: float, via: str, address: str, plain: bool
    ) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.add_guest`."""
        return self._alone(lambda: self._add_guest(AddGuest(name, expires_hours, via, address, plain)))

    async def list_guests(self) -> dict[str, Any]:
        """See :meth:`INode.list_guests`."""
        life = self._own()
        _, replica, _ = life.current()
        session = life.session
        guests = session.guests if session is not None else None
        peers = await peers_of(session)
        me, now = life.keys.identity.public, self._now()
        rows = [shown(guest, why, replica, me, peers.get(guest.key), now) for guest, why in listed(guests)]
        return _plain(GuestsShown(rows, guests.trouble if guests is not None else life.trouble))

    def remove_guest(self, *, name: str, via: str) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.remove_guest`."""
        return self._alone(lambda: self._remove_guest(name, via))

    # --- adding -------------------------------------------------------------------------------------------------------

    async def _add_guest(self, wished: AddGuest) -> dict[str, Any]:
        governance, replica = self._governance()
        life = self._own()
        session, guests, links = _session(life)
        wish = self._checked(wished, links, replica)
        self._check_serves(wish.server, guests)
        key = AgreementKey(self._random(KEY_BYTES))
        guest = await self._record(governance, replica, wish, key.public)
        await session.look_at_guests()
        self.log.info("the guest {name} was added, served by {server}", name=guest.name, server=wish.server.name)
        me = life.keys.identity.public
        own = wish.server.identity == me
        trouble = f"this node does not serve it yet: {guests.trouble}" if own and guests.trouble else ""
        address = IPv4Interface(f"{guest.address}/{session.address.network.prefixlen}")
        config = GuestConfig(key.secret, address, wish.server.wireguard_key, wish.door.endpoint, wish.plain)
        row = shown(guest, "", replica, me, (await peers_of(session)).get(guest.key), self._now())
        serving = able(links, guests.serving) - {wish.server.identity} if own else set()
        others = sorted(name_of(replica, who) for who in serving)
        return _plain(GuestAdded(row, config.text(), wish.door.endpoint, trouble or wish.door.doubt, others))

    def _checked(self, wished: AddGuest, links: Links, replica: PartyReplica) -> _Wish:
        """:raises BadInput, Refused: what cannot be."""
        own = self._own().keys.identity.public
        server = _server(replica, wished.via) or own
        entry, now = replica.members.get(server), self._own().server_now()
        if entry is None or entry.standing is not Standing.FULL:
            raise BadInput("via", "is no full member of the party now")
        if any(guest.server == server for guest in find_guests(_living(replica, now), wished.name)):
            raise Refused("guest_taken", f"there is a guest named {wished.name!r} there already; remove it first")
        if _is_member(replica, wished.name):
            raise Refused("guest_taken", f"a member of the party has the name {wished.name!r}")
        door = door_of(links, server)
        if wished.address:
            port = links.listen_port if server == own else WIREGUARD_PORT
            door = Door(read_endpoint(wished.address, port))
        if door is None:
            raise BadInput("address", f"it is not known where {name_of(replica, server)} is reached: name it")
        return _Wish(wished.name, entry.member.certificate, int(now + wished.expires_hours * 3600), door, wished.plain)

    def _check_serves(self, server: Certificate, guests: SessionGuests) -> None:
        """A member serves guests by its own will alone.

        :raises Refused: ``not_served``: it does not, or has not said so.
        """
        if server.identity == self._own().keys.identity.public:
            if not guests.serves:
                raise Refused("not_served", f"this node serves no guests ({HOW_TO_SERVE})")
            return
        says = guests.serving.of(server.identity) if guests.serving is not None else None
        if says is None:
            raise Refused("not_served", f"{server.name} has not said that it serves guests: its node must be there now")
        if not says:
            raise Refused("not_served", f"{server.name}'s node serves no guests (there: {HOW_TO_SERVE})")

    async def _record(self, governance: Governance, replica: PartyReplica, wish: _Wish, key: bytes) -> Guest:
        """Have the guest's record signed and appended, at an address that nobody has."""
        refused: set[IPv4Address] = set()
        for _ in range(TRIES):
            address = _free_address(replica, refused)
            action = BringGuest(key, wish.name, str(address), wish.server.identity, wish.expires)
            try:
                await governance.act(action)
            except Refused as error:
                if error.code != "guest_taken":
                    raise
                refused.add(address)
            else:
                me = self._own().keys.identity.public
                return Guest(key, wish.name, address, wish.server.identity, wish.expires, me)
        raise Refused("guest_taken", "the addresses that were tried are taken, or another guest got the name just now")

    # --- removing -----------------------------------------------------------------------------------------------------

    async def _remove_guest(self, name: str, via: str) -> dict[str, Any]:
        governance, replica = self._governance()
        server = _server(replica, via)
        named = find_guests(_living(replica, self._own().server_now()), name)
        found = [guest for guest in named if server in (None, guest.server)]
        if not found:
            raise BadInput("name", f"there is no guest named {name!r}")
        removed, pending = 0, ""
        for guest in found:
            told = await self._dismiss(governance, replica, guest)
            removed += not told
            pending = pending or told
        return _plain(GuestRemoved(found[0].name, removed, pending))

    async def _dismiss(self, governance: Governance, replica: PartyReplica, guest: Guest) -> str:
        """Kept on disk first: the guest is let in no more here before the party is told, which may take its time.

        :return: why the party was not told yet; empty where it was.
        """
        life = self._own()
        guests = life.session.guests if life.session is not None else None
        dismissals = guests.dismissals if guests is not None else None
        if dismissals is None:
            await governance.act(DismissGuest(guest.key))
            return ""
        governance.check(DismissGuest(guest.key))
        await dismissals.add(guest.key)
        try:
            await self._look(life)
            await governance.act(DismissGuest(guest.key))
        except (Unreachable, Refused) as error:
            if isinstance(error, Refused) and error.code not in TEMPORARY:
                await dismissals.told(guest.key)
                await self._look(life)
                raise
            dismissals.later()
            here = "this node lets it in no more"
            if guest.server != life.keys.identity.public:
                here = f"{name_of(replica, guest.server)}'s node lets it in still"
            return f"{here}; the party is told as soon as the control server answers, while this node is in it: {error}"
        except BaseException:
            dismissals.later()
            raise
        await dismissals.told(guest.key)
        return ""

    @staticmethod
    async def _look(life: PartyLife) -> None:
        if life.session is not None:
            await life.session.look_at_guests()


def _server(replica: PartyReplica, via: str) -> bytes | None:
    """:raises BadInput: field ``via``: it is no member, or more than one."""
    try:
        return find_member(replica, via) if via else None
    except BadInput as error:
        raise BadInput("via", error.rule) from error


def _session(life: PartyLife) -> tuple[PartySession, SessionGuests, Links]:
    """:raises Refused: ``no_card``: this machine takes no part now."""
    session = life.session
    if session is None or session.guests is None or session.links is None:
        raise Refused("no_card", life.trouble or "this machine does not take part in its party now")
    return session, session.guests, session.links


def _living(replica: PartyReplica, now: float) -> tuple[Guest, ...]:
    return replica.ledger.guests.living(now) if replica.ledger is not None else ()


def _free_address(replica: PartyReplica, refused: set[IPv4Address]) -> IPv4Address:
    """:raises Refused: ``party_full``."""
    members = {entry.member.certificate.ip for entry in replica.members.values()}
    guests = {guest.address for guest in replica.ledger.guests.guests.values()} if replica.ledger is not None else set()
    network = replica.charter.network if replica.charter is not None else None
    address = choose_guest_address(network, members | guests | refused) if network is not None else None
    if address is None:
        raise Refused("party_full", "every address of the party is in use")
    return address


def _is_member(replica: PartyReplica, name: str) -> bool:
    return any(name_key(entry.member.certificate.name) == name_key(name) for entry in replica.members.values())


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
