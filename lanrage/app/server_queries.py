"""Asks the servers of the list by their games' own protocols, so that what is shown is true now
(``docs/servers.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.core.game_server import ServerFacts
from lanrage.core.query_pace import ANSWER_WITHIN, Cost, QueryPace
from lanrage.core.server_browser import ServerTable
from lanrage.core.server_entry import Joinable, Server, ServerKey
from lanrage.errors import LanrageError, Refused
from lanrage.timing import timing_decorator

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring,too-few-public-methods

SHORTEST_WAIT = 0.01
"""Seconds until the next look at the least: a time that rounding keeps just ahead is no reason to spin."""
FIRST_LOOK = 1.0
"""Seconds that who asks for the list waits at most for servers that were not asked yet."""

log = Logger()


class Answered(Protocol):
    """What a server said (:class:`lanrage.net.game_query.Answer`)."""

    @property
    def facts(self) -> ServerFacts: ...

    @property
    def rtt(self) -> float: ...


class Asks(Protocol):
    """Asks one server (:class:`lanrage.net.game_query.QueryClient`)."""

    def ask(
        self, query: str, host: str, port: int, source: str | None = None, timeout: float = 2.0
    ) -> Deferred[Any]: ...


Connect = Callable[[str, int, float, str], Deferred[float]]
"""Takes host, TCP port, timeout, source address; seconds until a connection stood."""


@attrs.define
class QueryCounters:
    """Questions and what became of them."""

    asked: int = 0
    unanswered: int = 0


class ServerQueries:
    """Keeps the table's verdicts fresh.

    :ivar cut_off: servers that did not answer since there was no way to them, and were not asked since.
    :param costs: of queries that are asked otherwise than by datagrams.
    :param connect: for servers whose game has no protocol for questions, but takes TCP connections.
    :param source: our address that questions to a server leave from; empty: any.
    :param excuse: why a server cannot answer, in words, beyond what its silence tells: it has missed no question then.
    :param changed: called after each answer, and each that did not come.
    """

    def __init__(
        self,
        reactor: Any,
        table: ServerTable,
        client: Asks,
        connect: Connect,
        pace: QueryPace,
        *,
        costs: Mapping[str, Cost] = MappingProxyType({}),
        source: Callable[[Server], str],
        excuse: Callable[[Server], str],
        changed: Callable[[], None],
    ) -> None:
        self._reactor, self._table, self._client, self._connect, self._pace = reactor, table, client, connect, pace
        self._source, self._excuse, self._changed, self._costs = source, excuse, changed, costs
        self._under_way: dict[ServerKey, Deferred[None]] = {}
        self._waiting: list[Deferred[None]] = []
        self._timer: IDelayedCall | None = None
        self._running = False
        self._followed = -1
        self.cut_off: set[ServerKey] = set()
        self.counters = QueryCounters()

    def start(self) -> None:
        """Begin."""
        self._running = True
        self.follow()

    def stop(self) -> None:
        """Ask no more; what is under way is given up."""
        self._running = False
        for asking in list(self._under_way.values()):
            asking.cancel()
        self._look_again()
        self._tell_waiting()

    def watch(self) -> None:
        """Somebody looks at the list."""
        self._pace.watch(self._reactor.seconds())
        self.follow()

    def follow(self) -> None:
        """The table may have changed."""
        known = (each for each in self._table.known() if askable(each))
        servers = {each.key: self._cost(each) for each in known}
        self._pace.follow(servers, self._reactor.seconds())
        self._followed = self._table.keys_changed
        for key in self._under_way.keys() - servers.keys():
            self._under_way[key].cancel()
        self._look_again()

    def paths_changed(self) -> None:
        """There may be a way again to servers that there was none to: those are asked at once."""
        known = {key: self._table.get(key) for key in self.cut_off}
        self.cut_off.intersection_update(key for key, server in known.items() if server is not None)
        for key, server in known.items():
            if server is not None and not self._excuse(server):
                self._pace.hurry(key, self._reactor.seconds())
        if self.cut_off:
            self._look_again()

    @property
    def outdated(self) -> bool:
        """Servers came into the table or went from it, heard or silent, since it was followed."""
        return self._followed != self._table.keys_changed

    def _cost(self, server: Server) -> Cost:
        return self._costs.get(server.ask.query, Cost.DATAGRAM) if server.ask.query else Cost.CONNECTION

    @timing_decorator("server.discover")
    def look(self) -> Deferred[None]:
        """Fires when each server that can be asked was asked at least once, at the latest after a second."""
        looking: Deferred[None] = Deferred()
        if not self._running or self._all_judged():
            looking.callback(None)
            return looking
        self._waiting.append(looking)
        over = self._reactor.callLater(FIRST_LOOK, self._over, looking)

        def ended(result: Any) -> Any:
            if looking in self._waiting:
                self._waiting.remove(looking)
            if over.active():
                over.cancel()
            return result

        return looking.addBoth(ended)

    def _over(self, looking: Deferred[None]) -> None:
        if not looking.called:
            looking.callback(None)

    def _all_judged(self) -> bool:
        servers = (each for each in self._table.all() if askable(each))
        return all(each.verdict.joinable is not Joinable.UNKNOWN or each.missed for each in servers)

    def _tell_waiting(self) -> None:
        for looking in list(self._waiting):
            self._over(looking)

    def _look_again(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        due = self._pace.next() if self._running else None
        if due is not None:
            self._timer = self._reactor.callLater(max(SHORTEST_WAIT, due - self._reactor.seconds()), self._ask_due)

    def _ask_due(self) -> None:
        now = self._reactor.seconds()
        for key in self._pace.due(now):
            server = self._table.get(key)
            if server is not None and key not in self._under_way:
                self._begin(server)
            else:
                self._pace.put_off(key, now)
        self._look_again()

    def _begin(self, server: Server) -> None:
        self.counters.asked += 1
        key = server.key
        asking = Deferred.fromCoroutine(self._ask(server))
        self._under_way[key] = asking

        def ended(result: Any) -> None:
            if self._under_way.get(key) is asking:
                del self._under_way[key]

        asking.addErrback(lambda failure: self._failed(server, failure))
        asking.addBoth(ended)
        asking.addCallback(lambda _: self._look_again() if self._running else None)

    async def _ask(self, server: Server) -> None:
        facts, how = None, "it took a connection"
        try:
            if server.ask.query:
                host, port, source = server.origin.address, server.ask.port, self._source(server) or None
                answer = await self._client.ask(server.ask.query, host, port, source, ANSWER_WITHIN)
                facts, how = answer.facts, "it answered"
            else:
                await self._connect(server.origin.address, server.port, ANSWER_WITHIN, self._source(server))
        except Refused:  # too much is asked or looked up at once: that says nothing of the server
            self._pace.answered(server.key, self._reactor.seconds())
            return
        except LanrageError:
            self._missed(server)
            return
        now = self._reactor.seconds()
        self.cut_off.discard(server.key)
        self._table.answered(server.key, facts, f"{how} {_where(server)}", now)
        self._pace.answered(server.key, now)
        self._after(server)

    def _missed(self, server: Server) -> None:
        now = self._reactor.seconds()
        self.counters.unanswered += 1
        excuse = self._excuse(server)
        if excuse:
            self.cut_off.add(server.key)
            self._table.cut_off(server.key, excuse, now)
        else:
            self.cut_off.discard(server.key)
            self._table.missed(server.key, f"it does not answer {_where(server)}", now)
        self._pace.missed(server.key, now)
        self._after(server)

    def _failed(self, server: Server, failure: Any) -> None:
        """It was given up, or a bug showed itself: the server is asked again as one that did not answer."""
        self._pace.missed(server.key, self._reactor.seconds())
        if self._running and self._table.get(server.key) is not None:
            log.failure("a server could not be asked", failure, query=server.ask.query)

    def _after(self, server: Server) -> None:
        self._under_way.pop(server.key, None)  # first: where the server is gone now, what is under way is given up
        self._changed()
        if self._all_judged():
            self._tell_waiting()


def askable(server: Server) -> bool:
    """Whether there is a question that it may answer."""
    return bool(server.ask.query) or server.proto == "tcp"


def _where(server: Server) -> str:
    if server.origin.own:
        return "at your own party address"
    return "over the party link" if server.origin.member is not None else "at its address"
