"""The server browser with the parts that touch the network, made in one place."""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.server_browser import Profiles, ServerBrowser
from lanrage.app.server_latency import ServerLatencies, Way
from lanrage.app.server_names import HostNames, is_address
from lanrage.app.server_queries import Asks, ServerQueries
from lanrage.core.query_pace import Cost, QueryPace
from lanrage.core.server_entry import Server
from lanrage.core.server_latency import SAMPLE_WITHIN, LatencyMethod
from lanrage.net.connect_time import connect_time
from lanrage.net.game_query import QueryClient
from lanrage.net.game_query_far import CLASSES
from lanrage.net.ping import Pinger
from lanrage.wire.games import FORMATS, QUERIES


@attrs.define(eq=False)
class NamedClient:
    """Asks servers that have a host's name instead of an address, too.

    :param client: asks addresses.
    """

    _client: Asks
    _names: HostNames

    def ask(self, query: str, host: str, port: int, source: str | None = None, timeout: float = 2.0) -> Deferred[Any]:
        """See :meth:`lanrage.net.game_query.QueryClient.ask`."""
        if is_address(host):
            return self._client.ask(query, host, port, source, timeout)

        async def ask() -> Any:
            address = await self._names.address(host, timeout)
            return await self._client.ask(query, address, port, source, timeout)

        return Deferred.fromCoroutine(ask())


class ServerWays:
    """How samples of latency are taken.

    :param source: our address that a sample for a server leaves from; empty: any.
    """

    def __init__(
        self, reactor: Any, client: Asks, names: HostNames, pinger: Pinger, source: Callable[[Server], str]
    ) -> None:
        self._reactor, self._client, self._names, self._pinger = reactor, client, names, pinger
        self._source = source

    def all(self) -> dict[LatencyMethod, Way]:
        """By method."""
        return {
            LatencyMethod.PING: self._ping,
            LatencyMethod.QUERY: self._query,
            LatencyMethod.CONNECT: self._connect,
            LatencyMethod.NAME: self._name,
        }

    def connect(self, host: str, port: int, timeout: float, source: str) -> Deferred[float]:
        """Seconds until a server took a connection."""

        async def connect() -> float:
            address = await self._names.address(host, timeout)
            return await connect_time(self._reactor, address, port, timeout, source)

        return Deferred.fromCoroutine(connect())

    def _ping(self, server: Server) -> Deferred[float]:
        async def ping() -> float:
            address = await self._names.address(server.origin.address, SAMPLE_WITHIN)
            return await self._pinger.ask(address, SAMPLE_WITHIN, self._source(server))

        return Deferred.fromCoroutine(ping())

    def _query(self, server: Server) -> Deferred[float] | None:
        """Not by a process for each sample."""
        if server.ask.query not in QUERIES:
            return None

        async def ask() -> float:
            answer = await self._client.ask(
                server.ask.query,
                server.origin.address,
                server.ask.port,
                self._source(server) or None,
                SAMPLE_WITHIN,
            )
            return float(answer.rtt)

        return Deferred.fromCoroutine(ask())

    def _connect(self, server: Server) -> Deferred[float]:
        """A refusal is an answer, too: the kernel there is reached."""

        async def connect() -> float:
            address = await self._names.address(server.origin.address, SAMPLE_WITHIN)
            source = self._source(server)
            return await connect_time(self._reactor, address, server.port, SAMPLE_WITHIN, source, refused=True)

        return Deferred.fromCoroutine(connect())

    def _name(self, server: Server) -> Deferred[float] | None:
        host = server.origin.address
        return None if is_address(host) else Deferred.fromCoroutine(self._names.seconds(host, SAMPLE_WITHIN))


def costs() -> dict[str, Cost]:
    """Of all queries that can be put here and are no datagrams."""
    far = CLASSES if find_spec("opengsq") is not None else ()
    streams = {name: Cost.CONNECTION for name, query in QUERIES.items() if query.tcp}
    return dict.fromkeys(far, Cost.PROCESS) | streams


def make_browser(reactor: Any, profiles: Profiles) -> ServerBrowser:
    """The browser of a node, not started yet."""
    names = HostNames(reactor)
    asking = QueryClient(reactor)
    client = NamedClient(asking, names)
    pinger = Pinger(reactor)

    def ways(browser: ServerBrowser) -> ServerWays:
        return ServerWays(reactor, client, names, pinger, browser.source)

    def queries(browser: ServerBrowser) -> ServerQueries:
        return ServerQueries(
            reactor,
            browser.table,
            client,
            ways(browser).connect,
            QueryPace(random.random),
            costs=costs(),
            source=browser.source,
            excuse=browser.excuse,
            changed=browser.settle,
        )

    def latencies(browser: ServerBrowser) -> ServerLatencies:
        return ServerLatencies(reactor, ways(browser).all())

    ports = {name: query.ports for name, query in QUERIES.items()}
    asked = dict.fromkeys(costs(), ()) | ports
    browser = ServerBrowser(reactor, profiles, FORMATS, asked, queries, latencies)
    browser.closing += [pinger.stop, asking.stop]
    return browser
