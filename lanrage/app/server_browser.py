"""The server browser: servers appear by themselves, are asked, measured, and go when they end
(``docs/servers.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.server_ear import Reads, ServerEar
from lanrage.app.server_latency import ServerLatencies
from lanrage.app.server_party import BrowsedParty, Hosted, Hosting, MemberPlace
from lanrage.app.server_queries import ServerQueries
from lanrage.core.budget import Budget
from lanrage.core.game_profile import GameProfile
from lanrage.core.game_server import ServerFacts
from lanrage.core.names import name_key
from lanrage.core.server_browser import MEMBER_LIMIT, ServerTable, Sighting
from lanrage.core.server_changes import ServerAdded, ServerChange, ServerRemoved
from lanrage.core.server_entry import Origin, Server
from lanrage.core.server_filter import Listed
from lanrage.core.server_games import ServerGames
from lanrage.core.server_marks import MarkKey, Marks, Named

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

TICK = 1.0
"""Seconds between looks at what no event tells: what has lapsed, who is in the party, what is due to be measured."""

FRESH_RATE, FRESH_BURST = 0.5, 2.0 * MEMBER_LIMIT
"""Servers a second, and at once, that one member may announce anew: each is a line of the log and is asked at once."""

log = Logger()


class Profiles(Protocol):
    """Knows games (:class:`lanrage.app.game_profiles.GameProfiles`)."""

    def all(self) -> tuple[GameProfile, ...]: ...

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]: ...


Listener = Callable[[ServerChange], None]


class ServerBrowser:
    """All servers that this machine knows; its parts are made in :mod:`lanrage.app.server_parts`.

    :param formats: of announcements, by name.
    :param asked: usual ports of the protocols by which servers can be asked, by name.
    :ivar party: gives the party that this machine takes part in now.
    :ivar hosted: gives what a member's node sees of its games.
    :ivar marks: favourites, tags and servers that the user named.
    :ivar closing: called last when this stops.
    """

    def __init__(
        self,
        reactor: Any,
        profiles: Profiles,
        formats: Mapping[str, Reads],
        asked: Mapping[str, tuple[int, ...]],
        queries: Callable[[ServerBrowser], ServerQueries],
        latencies: Callable[[ServerBrowser], ServerLatencies],
    ) -> None:
        self._reactor, self._profiles, self._asked = reactor, profiles, asked
        self.table = ServerTable()
        self.marks = Marks()
        self.party: Callable[[], BrowsedParty | None] = lambda: None
        self.hosted: Hosted = lambda member, own: ()
        self.games = ServerGames((), asked)
        self.ear = ServerEar(formats, self._heard, asked)
        self.queries, self.latencies = queries(self), latencies(self)
        self._in: BrowsedParty | None = None
        self._members: Mapping[bytes, MemberPlace] = {}
        self._hosting: dict[bytes, tuple[Origin, tuple[Hosting, ...]]] = {}
        self._listeners: list[Listener] = []
        self._fresh: Budget[str] = Budget(FRESH_RATE, FRESH_BURST)
        self._ticking: LoopingCall | None = None
        self._unlisten: Callable[[], None] = _nothing
        self.closing: list[Callable[[], object]] = []

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self, marks: Marks) -> None:
        """Begin.

        :param marks: as they were kept.
        """
        self.marks = marks
        self._unlisten = self._profiles.on_change(self._profiles_changed)
        self._profiles_changed()
        self.queries.start()
        self._ticking = LoopingCall(self.refresh)
        self._ticking.clock = self._reactor
        self._ticking.start(TICK).addErrback(lambda failure: log.failure("the server browser ended", failure))

    def stop(self) -> None:
        """Hear, ask and measure no more; the list is empty afterwards."""
        self._unlisten()
        self._unlisten = _nothing
        if self._ticking is not None and self._ticking.running:
            self._ticking.stop()
        self._ticking = None
        self.ear.detach()
        self.queries.stop()
        self.latencies.stop()
        for close in self.closing:
            close()
        self._in, self._members, self._hosting = None, {}, {}
        self.table.clear()

    # --- what is so ---------------------------------------------------------------------------------------------------

    def all(self) -> tuple[Server, ...]:
        """All servers, the oldest first."""
        return self.table.all()

    def listed(self) -> list[Listed]:
        """All servers with names, marks and latency."""
        return [self._listed(server) for server in self.table.all()]

    def listen(self, call: Listener) -> Callable[[], None]:
        """Call with each change of the list; the result ends that."""
        self._listeners.append(call)
        return lambda: self._listeners.remove(call) if call in self._listeners else None

    def look(self) -> Deferred[None]:
        """Somebody looks at the list: fires when what was not asked yet was, at the latest after a second."""
        if self._ticking is None:
            return succeed(None)
        self.refresh()
        self.queries.watch()
        return self.queries.look()

    def refresh(self) -> None:
        """See who is in the party now, and what has lapsed; harmless while this does not run."""
        try:
            if self._ticking is not None:
                self._tick()
        except Exception:  # pylint: disable=broad-exception-caught  # the next may succeed
            log.failure("a look of the server browser failed")

    def own_address(self) -> str:
        """This machine's address in the party; empty outside of one."""
        return self._in.address if self._in is not None else ""

    def source(self, server: Server) -> str:
        """Our address that whatever is sent to a server leaves from: in the party our own there; empty: any, for one
        that is in no member's hands."""
        return self.own_address() if server.origin.member is not None else ""

    def excuse(self, server: Server) -> str:
        """Why a server may not answer, beyond what its silence tells; empty: for no such reason."""
        party, origin = self._in, server.origin
        if party is None or origin.member is None or origin.own or not party.path_dead(IPv4Address(origin.address)):
            return ""
        return f"there is no way to {self.member(server)} now"

    def member(self, server: Server) -> str:
        """The name of who runs a server; its address where that is no member."""
        place = self._members.get(server.origin.member or b"")
        return place.name if place is not None else server.origin.address

    def member_address(self, name: str) -> str | None:
        """The party address of a member by its name."""
        key = name_key(name)
        return next((place.address for place in self._members.values() if name_key(place.name) == key), None)

    def names_of(self, who: str) -> set[str]:
        """What a user may call the place of a kept server: its address, its member's name."""
        place = self._members.get(bytes.fromhex(who)) if len(who) == IDENTITY_DIGITS else None
        return {who} if place is None else {who, place.address, place.name}

    # --- what the user keeps ------------------------------------------------------------------------------------------

    def origin_of(self, address: str) -> Origin:
        """Where an address leads: to a member, to this machine, or elsewhere."""
        party = self._in
        known = party.origin(address, self._members) if party is not None else None
        return known or Origin(address)

    def keep(self, marks: Marks) -> None:
        """Go by other marks; servers that are named no more go, new ones come."""
        gone = {(each.key.who, each.key.port) for each in self.marks.named} - {
            (each.key.who, each.key.port) for each in marks.named
        }
        for who, port in gone:
            self.table.unnamed((self._address_of(who) or who, port), self._reactor.seconds())
        self.marks = marks
        self._name_all()
        self.settle()

    # --- inputs -------------------------------------------------------------------------------------------------------

    def hosting_changed(self) -> None:
        """A member's node, or this one, sees other servers than before.

        Only whose word is another one is passed on: who says the same as ever says nothing of a server that has ended
        since.
        """
        now, before, self._hosting = self._reactor.seconds(), self._hosting, {}
        for identity, place in self._members.items():
            origin = Origin(place.address, identity, self._in is not None and identity == self._in.identity)
            seen = tuple(self.hosted(identity, origin.own))
            self._hosting[identity] = origin, seen
            if before.get(identity) == (origin, seen):
                continue
            hosted = [self._detected(origin, each.game, each.server) for each in seen]
            self.table.detected(origin, hosted, now)
        self.settle()

    def settle(self) -> None:
        """Tell what has happened to the table, and follow it."""
        changes, self.table.changes = self.table.changes, []
        for change in changes:
            _log(change)
            for call in tuple(self._listeners):
                try:
                    call(change)
                except Exception:  # pylint: disable=broad-exception-caught  # one listener never stops the others
                    log.failure("a listener to the list of servers failed")
        if changes:
            self.latencies.follow(server for server in self.table.all() if not server.origin.own)
        if changes or self.queries.outdated:
            self.queries.follow()

    # --- within -------------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._follow_party()
        self.queries.paths_changed()
        cut_off = {server.key for server in self.table.known() if self.excuse(server)}
        self.table.expire(self._reactor.seconds(), cut_off | self.queries.cut_off)
        self.settle()
        self.latencies.tick()

    def _follow_party(self) -> None:
        party = self.party()
        another = _session(party) is not _session(self._in)
        if another:
            self.ear.detach()
            self._in, self._hosting = party, {}
            if party is not None:
                self.ear.attach(party.plane, self.games.groups)
        members = party.members() if party is not None else {}
        if another or members != self._members:
            self._members = members
            self.table.keep_only([place.address for place in members.values()])
            self._name_all()
            self.hosting_changed()

    def _profiles_changed(self) -> None:
        before, self.games = self.games, ServerGames(self._profiles.all(), self._asked)
        if self._in is not None and self.games.groups != before.groups:
            self.ear.attach(self._in.plane, self.games.groups)

    def _heard(self, address: IPv4Address, source_port: int, facts: ServerFacts, fresh: bool = False) -> None:
        if self._in is None:
            return
        origin = self._in.origin(str(address), self._members)
        if origin is None:
            return
        profile, now = self.games.of(facts), self._reactor.seconds()
        port = self.table.port_of(origin.address, facts, source_port)
        if self.table.get((origin.address, port)) is None and not self._fresh.allow(origin.address, now):
            self.ear.counters.shed += 1
            return
        proto, ask = self.games.proto(profile, port), self.games.ask(profile, port, facts)
        game, period = profile.game if profile is not None else "", self.games.period(profile, facts)
        self.table.heard(Sighting(origin, port, facts, game, proto, ask, period, fresh), now)
        self.settle()

    def _detected(self, origin: Origin, game: str, server: Any) -> Sighting:
        return self.games.detected(origin, game, server.proto, server.port, server.query, server.query_port)

    def _name_all(self) -> None:
        """All servers that the user named are in the table, as far as their members are in this party."""
        for named in self.marks.named:
            address = self._address_of(named.key.who)
            if address is not None:
                self.table.named(self._sighting(named, self.origin_of(address)), self._reactor.seconds())

    def _sighting(self, named: Named, origin: Origin) -> Sighting:
        return self.games.named(origin, named.key.game, named.key.port, "tcp" if named.tcp else "udp")

    def _address_of(self, who: str) -> str | None:
        """A member's address in this party; ``None`` where it is not in it. Others are addresses themselves."""
        if len(who) != IDENTITY_DIGITS:
            return who
        place = self._members.get(bytes.fromhex(who))
        return place.address if place is not None else None

    def mark_key(self, server: Server) -> MarkKey:
        """By which its mark is kept."""
        return MarkKey.of(server.origin, server.port, server.game)

    def _listed(self, server: Server) -> Listed:
        measured = self.latencies.of(server.key)
        value = measured.value if measured is not None else None
        mark = self.marks.of(self.mark_key(server))
        return Listed(server, self.member(server), self.games.name(server.game), mark, value, self._alias(server))

    def _alias(self, server: Server) -> str:
        who = self.mark_key(server).who
        return next(
            (each.name for each in self.marks.named if each.key.who == who and each.key.port == server.port), ""
        )


def _nothing() -> None:
    return


def _session(party: BrowsedParty | None) -> object:
    return party.session if party is not None else None


IDENTITY_DIGITS = 64
"""Hexadecimal digits of an identity; no address is as long and has no dot."""


def _log(change: ServerChange) -> None:
    server = change.server
    fields: dict[str, Any] = {"address": server.origin.address, "port": server.port, "game_id": server.game}
    if isinstance(change, ServerAdded):
        log.info("a server of {game_id} at {address}:{port} is there", **fields)
    elif isinstance(change, ServerRemoved):
        log.info("the server of {game_id} at {address}:{port} is gone: {why}", why=change.reason, **fields)
