"""Game servers of a node in memory, and the browser's neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred, fail, succeed

from lanrage.app.caller import Caller
from lanrage.app.game_mods_results import ServerModsShown
from lanrage.app.servers_results import (
    JoinShown,
    ServerDetails,
    ServerMarked,
    ServerNamed,
    ServerShown,
    ServersShown,
)
from lanrage.core.game_profile import GameProfile
from lanrage.core.game_server import ServerFacts
from lanrage.errors import Unanswered

ARENA = ServerShown(
    address="10.66.0.2",
    port=27960,
    proto="udp",
    name="Friday Arena",
    game="openarena",
    game_name="OpenArena",
    member="Ben",
    own=False,
    map="oa_dm1",
    mode="0",
    version="71",
    players=3,
    players_limit=8,
    password=False,
    found=["announced", "detected"],
    joinable="yes",
    reason="it answered over the party link",
    judged_s=0.5,
    latency_ms=12.25,
    latency_by="icmp",
    trend="stable",
    favourite=True,
    tags=["friday"],
)
QUIET = msgspec.structs.replace(
    ARENA,
    address="10.66.0.3",
    port=5,
    name="server of Cara",
    game="",
    game_name="",
    member="Cara",
    map="",
    players=None,
    players_limit=None,
    password=True,
    found=["manual"],
    joinable="no",
    reason="it does not answer over the party link",
    latency_ms=30.0,
    latency_by="connect",
    favourite=False,
    tags=[],
)
DETAILS = ServerDetails(ARENA, "quake3", "quake3", 27960, 61.0, 1.5, 1.5, 0.5, 0, 12.0, 60.0)
JOIN = JoinShown(
    "10.66.0.2",
    27960,
    "openarena",
    "OpenArena",
    "command",
    ["no-such-game", "true"],
    ["+connect", "10.66.0.2:27960"],
    "yes",
    "it answered over the party link",
    None,
)
DIFFERS = ServerModsShown("Ben", "differs", "", ["a.jar"], ["b.jar"], ["c.jar"])
UNKNOWN_HERE = ServerModsShown("Ben", "unknown-here", "modifications of x: they cannot be read", [], [], [])


@attrs.define(slots=False)
class FakeServers:
    """Notes each call and answers as the real one does.

    :ivar join: how the next server is joined.
    """

    join: JoinShown = attrs.field(default=JOIN, kw_only=True)
    servers: list[ServerShown] = attrs.field(factory=lambda: [ARENA, QUIET], kw_only=True)

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    async def list_servers(
        self,
        *,
        text: str,
        game: str,
        players: int,
        password: str,
        room: bool,
        reachable: bool,
        favourite: bool,
        tag: str,
        sort: str,
    ) -> dict[str, Any]:
        """See :class:`IServersNode`."""
        wishes = {"text": text, "game": game, "players": players, "password": password, "room": room}
        wishes |= {"reachable": reachable, "favourite": favourite, "tag": tag, "sort": sort}
        self._enter("list_servers", wishes)
        shown = [each for each in self.servers if not wishes["reachable"] or each.joinable == "yes"]
        return _plain(ServersShown(shown, len(self.servers)))

    async def show_server(self, *, server: str) -> dict[str, Any]:
        """See :class:`IServersNode`."""
        self._enter("show_server", server)
        return _plain(DETAILS)

    async def join_server(self, *, server: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :class:`IServersNode`."""
        self._enter("join_server", server)
        return _plain(self.join)

    async def favour_server(self, *, server: str, off: bool) -> dict[str, Any]:
        """See :class:`IServersNode`."""
        self._enter("favour_server", server, off)
        return _plain(ServerMarked(ARENA.address, ARENA.port, not off, [] if off else ["friday"]))

    async def tag_server(self, *, server: str, add: list[str], remove: list[str]) -> dict[str, Any]:
        """See :class:`IServersNode`."""
        self._enter("tag_server", server, add, remove)
        return _plain(ServerMarked(ARENA.address, ARENA.port, False, add))

    async def add_server(self, *, address: str, game: str, name: str, tcp: bool) -> dict[str, Any]:
        """See :class:`IServersNode`."""
        self._enter("add_server", address, game, name, tcp)
        return _plain(ServerNamed("10.66.0.2", 27960, game, name))

    async def remove_server(self, *, server: str) -> dict[str, Any]:
        """See :class:`IServersNode`."""
        self._enter("remove_server", server)
        return _plain(ServerNamed("10.66.0.2", 27960, "", ""))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    result: dict[str, Any] = msgspec.to_builtins(value)
    return result


@attrs.frozen
class Answered:
    """What a server says."""

    facts: ServerFacts
    rtt: float = 0.02


@attrs.define
class FakeClient:
    """Asks servers in memory.

    :ivar servers: what answers, by address and port.
    :ivar asked: (query, host, port, source) of each question.
    :ivar holding: answers are held back until :meth:`release`.
    """

    servers: dict[tuple[str, int], ServerFacts] = attrs.field(factory=dict)
    asked: list[tuple[str, str, int, str | None]] = attrs.field(factory=list)
    holding: bool = False
    held: list[tuple[Deferred[Any], tuple[str, int]]] = attrs.field(factory=list)
    given_up: int = 0

    def ask(self, query: str, host: str, port: int, source: str | None = None, timeout: float = 2.0) -> Deferred[Any]:
        """See :meth:`lanrage.net.game_query.QueryClient.ask`."""
        del timeout
        self.asked.append((query, host, port, source))
        if not self.holding:
            return self._answer((host, port))
        waiting: Deferred[Any] = Deferred(self._give_up)
        self.held.append((waiting, (host, port)))
        return waiting

    def release(self) -> None:
        """What was held back comes."""
        held, self.held = self.held, []
        for waiting, place in held:
            if not waiting.called:
                self._answer(place).chainDeferred(waiting)

    def _give_up(self, _waiting: Deferred[Any]) -> None:
        self.given_up += 1

    def _answer(self, place: tuple[str, int]) -> Deferred[Any]:
        facts = self.servers.get(place)
        return fail(Unanswered("silence")) if facts is None else succeed(Answered(facts))


@attrs.define
class FakeProfiles:
    """Some games."""

    games: tuple[GameProfile, ...] = ()
    listeners: list[Callable[[], None]] = attrs.field(factory=list)

    def all(self) -> tuple[GameProfile, ...]:
        """See :class:`lanrage.app.game_profiles.GameProfiles`."""
        return self.games

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """See :class:`lanrage.app.game_profiles.GameProfiles`."""
        self.listeners.append(call)
        return lambda: self.listeners.remove(call)

    def put(self, *games: GameProfile) -> None:
        """Exactly these from now on."""
        self.games = games
        for call in tuple(self.listeners):
            call()
