"""Guests of a party: devices with the stock WireGuard application, each behind one member (``docs/guests.rst``).

What a ledger says of guests follows from its records alone; which of them count now, from the clock and the members,
too. All functions are pure.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

import attrs

from lanrage.core.certificates import Certificate
from lanrage.core.ledger_records import CLOCK_SLACK, BringGuest, DismissGuest, Record
from lanrage.core.names import name_key
from lanrage.errors import REFUSALS, Refused

GUESTS_LIMIT = 16
"""Living guests of a party: eight devices with two ways each. All their frames go through their serving members."""
LIFE_LIMIT = 366 * 86400
"""Seconds: a device that is lost and forgotten must not stay in for good."""


@attrs.frozen
class Guest:
    """A guest as a record tells.

    :param key: its WireGuard key, 32 bytes.
    :param address: its party address.
    :param server: identity of the member that serves it.
    :param expires: seconds since the epoch.
    :param author: identity of who brought it, and so may have its private key.
    """

    key: bytes
    name: str
    address: IPv4Address
    server: bytes
    expires: int
    author: bytes


class Resting(enum.StrEnum):
    """Why a guest that lives takes no part now."""

    BRINGER = "who brought it is not in the party"
    SERVER = "who serves it is not in the party"
    MEMBER = "a member has its address or key"


@attrs.define
class GuestBook:
    """The guests that a ledger's records brought and did not dismiss; those that ended otherwise may still be in it.

    :ivar guests: by WireGuard key.
    :ivar fallen: keys of those whose bringer lost the role that let it bring them. They stay in the book until their
        time is over, so that a record that dismisses one is no error: ledgers have such records from before this rule.
    """

    guests: dict[bytes, Guest] = attrs.field(factory=dict)
    fallen: set[bytes] = attrs.field(factory=set)

    def living(self, at: float) -> tuple[Guest, ...]:
        """Those that have not ended: they hold their names and addresses."""
        return tuple(guest for key, guest in self.guests.items() if guest.expires > at and key not in self.fallen)

    def check(self, record: Record, network: IPv4Network, members: Collection[bytes], *, governs: bool) -> None:
        """Whether a record about a guest keeps the rules.

        :param network: the party's subnet.
        :param members: identities of full members.
        :param governs: whether its author is the host or a moderator.
        :raises Refused: ``not_allowed``, ``no_change``, ``bad_guest``, ``guest_taken``, ``limit``.
        """
        action = record.action
        if isinstance(action, BringGuest):
            if not governs:
                raise Refused("not_allowed", "only the host and moderators of the party bring guests")
            if action.server not in members:
                raise Refused("bad_guest", "a guest is served by a full member of the party")
            self._check_new(action, record.at, network)
        elif isinstance(action, DismissGuest):
            guest = self.guests.get(action.key)
            if guest is None:
                raise Refused("no_change", REFUSALS["no_change"])
            if not governs and record.author != guest.server:
                raise Refused("not_allowed", "only the host, moderators and the serving member dismiss a guest")

    def carry_out(self, record: Record) -> None:
        """Take in what a checked record says."""
        action = record.action
        if isinstance(action, BringGuest):
            self._keep({key for key, guest in self.guests.items() if guest.expires > record.at and key != action.key})
            address = IPv4Address(action.address)
            self.guests[action.key] = Guest(
                action.key, action.name, address, action.server, action.expires, record.author
            )
        elif isinstance(action, DismissGuest):
            self._keep(set(self.guests) - {action.key})

    def role_lost(self, identity: bytes) -> None:
        """Who was host or moderator is so no more: those whom it brought end, for good."""
        self.fallen |= {key for key, guest in self.guests.items() if guest.author == identity}

    def member_gone(self, identity: bytes) -> None:
        """A member was thrown out, and with it those whom it served, and those whom it brought: it drew their keys, and
        would be back by them."""
        self._keep({key for key, guest in self.guests.items() if identity not in (guest.server, guest.author)})

    def _keep(self, keys: Collection[bytes]) -> None:
        self.guests = {key: guest for key, guest in self.guests.items() if key in keys}
        self.fallen &= set(keys)

    def _check_new(self, action: BringGuest, at: int, network: IPv4Network) -> None:
        if not at < action.expires <= at + LIFE_LIMIT:
            raise Refused("bad_guest", "a guest's end lies in the future, at most a year ahead")
        address = read_address(action.address)
        if address not in network or address in (network.network_address, network.broadcast_address):
            raise Refused("bad_guest", "a guest's address lies in the party's subnet")
        living = self.living(at)
        if len(living) >= GUESTS_LIMIT:
            raise Refused("limit", f"the party has {GUESTS_LIMIT} guests, and no more")
        wanted = (name_key(action.name), action.server)
        for guest in living:
            if guest.key == action.key or guest.address == address:
                raise Refused("guest_taken", "another guest has this key or address")
            if (name_key(guest.name), guest.server) == wanted:
                raise Refused("guest_taken", f"this member serves a guest named {guest.name!r} already")


def read_address(text: str) -> IPv4Address:
    """:raises Refused: ``bad_guest``: it is no IPv4 address."""
    try:
        return IPv4Address(text)
    except ValueError as error:
        raise Refused("bad_guest", "a guest's address is no IPv4 address") from error


def judge_guests(
    book: GuestBook, members: Iterable[Certificate], full: Collection[bytes], now: float
) -> list[tuple[Guest, Resting | None]]:
    """All living guests by address, and why those that take no part now rest.

    :param members: of all members, this node included.
    :param full: identities of full members: who left neither serves nor vouches for anybody.
    :param now: seconds since the epoch.
    """
    known = list(members)
    addresses = {each.ip for each in known}
    keys = {each.wireguard_key for each in known}
    present = {each.identity for each in known} & set(full)

    def rests(guest: Guest) -> Resting | None:
        if guest.address in addresses or guest.key in keys:
            return Resting.MEMBER
        if guest.server not in present:
            return Resting.SERVER
        return None if guest.author in present else Resting.BRINGER

    return [(guest, rests(guest)) for guest in sorted(book.living(now), key=lambda guest: guest.address)]


def earliest(now: float, written: float) -> float:
    """The time by a clock that may have lost its battery: not before what the ledger's last record shows.

    :param now: seconds since the epoch, by that clock.
    :param written: when the ledger's last record was written; its author's clock may have been ahead.
    """
    return max(now, written - CLOCK_SLACK)


def by_server(guests: Iterable[Guest]) -> dict[bytes, tuple[Guest, ...]]:
    """Guests by the identity of the member that serves them."""
    found: dict[bytes, tuple[Guest, ...]] = {}
    for guest in guests:
        found[guest.server] = (*found.get(guest.server, ()), guest)
    return found


def next_end(guests: Iterable[Guest]) -> int | None:
    """When the first of these guests' time is over; ``None`` without any."""
    return min((guest.expires for guest in guests), default=None)


def choose_guest_address(network: IPv4Network, taken: Collection[IPv4Address]) -> IPv4Address | None:
    """The highest free address: members are numbered from the bottom, so the two seldom want one address.

    :returns: ``None`` when every address is taken.
    """
    lowest, highest = int(network.network_address) + 1, int(network.broadcast_address) - 1
    used = set(taken)
    return next((each for each in map(IPv4Address, range(highest, lowest - 1, -1)) if each not in used), None)


def find_guests(guests: Mapping[bytes, Guest] | Iterable[Guest], name: str) -> tuple[Guest, ...]:
    """All guests of this name, as names are compared."""
    each = guests.values() if isinstance(guests, Mapping) else guests
    return tuple(guest for guest in each if name_key(guest.name) == name_key(name))
