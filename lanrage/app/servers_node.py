"""The operations on game servers, as one part of the node (``docs/servers.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import attrs
import msgspec

from lanrage.app import metrics_of_servers, servers_view
from lanrage.app.caller import Caller
from lanrage.app.game_mods_results import ServerModsShown
from lanrage.app.games_plane import GamesPlane
from lanrage.app.server_browser import ServerBrowser
from lanrage.app.servers_results import ServerMarked, ServerNamed, ServersShown
from lanrage.core.game_search import find_game
from lanrage.core.metric_reading import Reading
from lanrage.core.names import name_key
from lanrage.core.server_address import find_server, parse_place
from lanrage.core.server_entry import Sort
from lanrage.core.server_filter import Listed, ServerFilter, ordered
from lanrage.core.server_marks import Mark, MarkKey, Marks, Named, retagged
from lanrage.core.shown_text import shown_text
from lanrage.errors import BadInput

NAME_LIMIT = 64
"""Characters of the name that a user gives a server."""


class ServersNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    games: GamesPlane
    _reactor: Any

    def mods_beside(self, listed: Listed, caller: Caller | None) -> Awaitable[ServerModsShown | None]:
        """See :meth:`lanrage.app.game_mods_node.GameModsNode.mods_beside`."""
        raise AssertionError("given by the node")

    def readings_of_servers(self) -> Iterable[Reading]:
        """The server browser."""
        return metrics_of_servers.servers(self.games.browser)

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
        """See :meth:`INode.list_servers`."""
        browser = self.games.browser
        await browser.look()
        asks = None if not password else password == "yes"
        wanted = ServerFilter(game, players, asks, room, reachable, favourite, tag, text)
        known = browser.listed()
        chosen = ordered((each for each in known if wanted.shows(each)), Sort(sort))
        now = self._reactor.seconds()
        return _plain(ServersShown([servers_view.shown(each, browser, now) for each in chosen], len(known)))

    async def show_server(self, *, server: str) -> dict[str, Any]:
        """See :meth:`INode.show_server`."""
        return _plain(servers_view.details(await self._server(server), self.games.browser, self._reactor.seconds()))

    async def join_server(self, *, server: str, caller: Caller | None = None) -> dict[str, Any]:
        """See :meth:`INode.join_server`."""
        listed = await self._server(server)
        mods = await self.mods_beside(listed, caller)
        return _plain(servers_view.joining(listed, self.games.profiles.get(listed.server.game), mods))

    async def favour_server(self, *, server: str, off: bool) -> dict[str, Any]:
        """See :meth:`INode.favour_server`."""
        return await self._mark_server(server, lambda mark: attrs.evolve(mark, favourite=not off))

    async def tag_server(self, *, server: str, add: list[str], remove: list[str]) -> dict[str, Any]:
        """See :meth:`INode.tag_server`."""
        if not add and not remove:
            raise BadInput("tag", "name a tag to add or to remove")
        return await self._mark_server(server, lambda mark: retagged(mark, add, remove))

    async def add_server(self, *, address: str, game: str, name: str, tcp: bool) -> dict[str, Any]:
        """See :meth:`INode.add_server`."""
        host, port = parse_place(address, "address")
        profile = find_game(self.games.profiles.all(), game) if game else None
        browser = self.games.browser
        browser.refresh()
        origin = browser.origin_of(browser.member_address(host) or host)
        key = MarkKey.of(origin, port, profile.game if profile is not None else "")
        called = shown_text(name, NAME_LIMIT)
        await self.games.servers.change(lambda marks: marks.with_named(Named(key, called, tcp)))
        return _plain(ServerNamed(origin.address, port, key.game, called))

    async def remove_server(self, *, server: str) -> dict[str, Any]:
        """See :meth:`INode.remove_server`."""
        self.games.browser.refresh()
        named = _named(self.games.browser, server)
        await self.games.servers.change(lambda marks: marks.without_named(named.key))
        return _plain(ServerNamed(named.key.who, named.key.port, named.key.game, named.name))

    async def _server(self, text: str) -> Listed:
        browser = self.games.browser
        await browser.look()
        return find_server(browser.listed(), text)

    async def _mark_server(self, text: str, change: Callable[[Mark], Mark]) -> dict[str, Any]:
        browser = self.games.browser
        browser.refresh()
        listed = find_server(browser.listed(), text)
        key = browser.mark_key(listed.server)

        def changed(marks: Marks) -> Marks:
            return marks.marked(key, change(marks.of(key)))

        mark: Mark = (await self.games.servers.change(changed)).of(key)
        server = listed.server
        return _plain(ServerMarked(server.origin.address, server.port, mark.favourite, list(mark.tags)))


def _named(browser: ServerBrowser, text: str) -> Named:
    """The server that the user named at a place, or by a name.

    :raises BadInput: field ``server``: there is none.
    """
    wanted = text.casefold()
    for named in browser.marks.named:
        places = {f"{who}:{named.key.port}".casefold() for who in browser.names_of(named.key.who)}
        if wanted in places or (named.name and name_key(named.name) == name_key(text)):
            return named
    raise BadInput("server", f"{text!r} is no server that you added; lanrage servers list shows them as manual")


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
