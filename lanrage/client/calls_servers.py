"""The operations ``servers.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from lanrage.app.servers_results import JoinShown, ServerDetails, ServerMarked, ServerNamed, ServersShown
from lanrage.client.asking import Asker


class ServersCalls:
    """The operations ``servers.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def list(
        self,
        *,
        text: str = "",
        game: str = "",
        players: int = 0,
        password: str = "",
        room: bool = False,
        reachable: bool = False,
        favourite: bool = False,
        tag: str = "",
        sort: str = "name",
    ) -> ServersShown:
        """List the game servers of the party: who plays what where, and whether it can be joined from here."""
        args = {
            "text": text,
            "game": game,
            "players": players,
            "password": password,
            "room": room,
            "reachable": reachable,
            "favourite": favourite,
            "tag": tag,
            "sort": sort,
        }
        return await self._asker.ask("servers.list", args, ServersShown)

    async def show(self, *, server: str) -> ServerDetails:
        """Show what is known of a server, and how."""
        args = {"server": server}
        return await self._asker.ask("servers.show", args, ServerDetails)

    async def join(self, *, server: str) -> JoinShown:
        """Tell a server's address, how its game is started to join it, and how modifications differ there."""
        args = {"server": server}
        return await self._asker.ask("servers.join", args, JoinShown)

    async def favourite(self, *, server: str, off: bool = False) -> ServerMarked:
        """Make a server a favourite: it comes first in the list, in every party where its member is."""
        args = {"server": server, "off": off}
        return await self._asker.ask("servers.favourite", args, ServerMarked)

    async def tag(self, *, server: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> ServerMarked:
        """Put words on a server, or take them off."""
        args = {"server": server, "add": list(add), "remove": list(remove)}
        return await self._asker.ask("servers.tag", args, ServerMarked)

    async def add(self, *, address: str, game: str = "", name: str = "", tcp: bool = False) -> ServerNamed:
        """List a server that nothing announces, until it is removed."""
        args = {"address": address, "game": game, "name": name, "tcp": tcp}
        return await self._asker.ask("servers.add", args, ServerNamed)

    async def remove(self, *, server: str) -> ServerNamed:
        """List a server no more that was added."""
        args = {"server": server}
        return await self._asker.ask("servers.remove", args, ServerNamed)

    async def launch(self, *, server: str, anyway: bool = False, descriptor: int | None = None) -> JoinShown:
        """Let the agent of your session start a server's game, so that it joins."""
        args = {"server": server, "anyway": anyway}
        return await self._asker.ask("servers.launch", args, JoinShown, descriptor=descriptor)


class ServersWatch:
    """The operations ``servers.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(
        self,
        *,
        text: str = "",
        game: str = "",
        players: int = 0,
        password: str = "",
        room: bool = False,
        reachable: bool = False,
        favourite: bool = False,
        tag: str = "",
        sort: str = "name",
    ) -> AsyncGenerator[ServersShown, None]:
        """List the game servers of the party: who plays what where, and whether it can be joined from here."""
        args = {
            "text": text,
            "game": game,
            "players": players,
            "password": password,
            "room": room,
            "reachable": reachable,
            "favourite": favourite,
            "tag": tag,
            "sort": sort,
        }
        return self._asker.follow("servers.list", args, ServersShown)

    def show(self, *, server: str) -> AsyncGenerator[ServerDetails, None]:
        """Show what is known of a server, and how."""
        args = {"server": server}
        return self._asker.follow("servers.show", args, ServerDetails)
