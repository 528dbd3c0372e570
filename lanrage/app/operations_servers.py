"""The operations on game servers, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.caller import Caller
from lanrage.app.operation import Operation, Request
from lanrage.app.servers_results import JoinShown, ServerDetails, ServerMarked, ServerNamed, ServersShown
from lanrage.core.server_entry import Sort
from lanrage.core.server_marks import TAG_LIMIT, TAGS_LIMIT

TEXT_LIMIT = 100
"""Characters of a search: more than any name of a server has."""

SORTS = tuple(str(sort) for sort in Sort)

ServerText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TEXT_LIMIT,
        description="ADDRESS:PORT, MEMBER:PORT, a server's name, or words that fit one server alone",
    ),
]
PlaceText = Annotated[
    str,
    Meta(max_length=260, description="ADDRESS:PORT, with an IPv4 address, a host's name or a member's name"),
]
SearchText = Annotated[str, Meta(max_length=TEXT_LIMIT, description="words, or empty")]
SortText = Annotated[str, Meta(pattern=rf"^({'|'.join(SORTS)})$", description=", ".join(SORTS))]
YesNo = Annotated[str, Meta(pattern=r"^(|yes|no)$", description="yes, no, or empty for either")]
Tag = Annotated[str, Meta(min_length=1, max_length=TAG_LIMIT)]
Tags = Annotated[
    list[Tag], Meta(max_length=TAGS_LIMIT, description=f"at most {TAGS_LIMIT} words of at most {TAG_LIMIT} characters")
]
Flag = Annotated[bool, Meta(description="true or false")]


class ListServers(Request, frozen=True):
    """Arguments of ``servers.list``."""

    text: SearchText = ""
    game: SearchText = ""
    players: Annotated[int, Meta(ge=0, le=65535, description="at least so many play")] = 0
    password: YesNo = ""
    room: Annotated[bool, Meta(description="true or false: not those that are full")] = False
    reachable: Annotated[bool, Meta(description="true or false: those alone that can be joined from here")] = False
    favourite: Annotated[bool, Meta(description="true or false: favourites alone")] = False
    tag: Annotated[str, Meta(max_length=TAG_LIMIT, description="a tag, or empty")] = ""
    sort: SortText = "name"


class OfServer(Request, frozen=True):
    """Arguments of ``servers.show``, ``servers.join`` and ``servers.remove``."""

    server: ServerText


class FavourServer(Request, frozen=True):
    """Arguments of ``servers.favourite``."""

    server: ServerText
    off: Annotated[bool, Meta(description="true or false: a favourite no more")] = False


class TagServer(Request, frozen=True):
    """Arguments of ``servers.tag``."""

    server: ServerText
    add: Tags = []
    remove: Tags = []


class AddServer(Request, frozen=True):
    """Arguments of ``servers.add``."""

    address: PlaceText
    game: Annotated[str, Meta(max_length=TEXT_LIMIT, description="a game's id or name, or empty")] = ""
    name: Annotated[str, Meta(max_length=64, description="what it is called here, or empty")] = ""
    tcp: Annotated[bool, Meta(description="true or false: players connect by TCP; a known game's profile says so")] = (
        False
    )


class IServersNode(Interface):
    """What a node knows of game servers; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def list_servers(
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
    ) -> Awaitable[dict[str, Any]]:
        """The servers that fit; the result is a :class:`ServersShown`."""

    def show_server(*, server: str) -> Awaitable[dict[str, Any]]:
        """One; the result is a :class:`ServerDetails`."""

    def join_server(*, server: str, caller: Caller | None = None) -> Awaitable[dict[str, Any]]:
        """How to join it; the result is a :class:`JoinShown`. Modifications are compared with the hosting member's."""

    def favour_server(*, server: str, off: bool) -> Awaitable[dict[str, Any]]:
        """Make it a favourite, or none; the result is a :class:`ServerMarked`."""

    def tag_server(*, server: str, add: list[str], remove: list[str]) -> Awaitable[dict[str, Any]]:
        """Change its tags; the result is a :class:`ServerMarked`."""

    def add_server(*, address: str, game: str, name: str, tcp: bool) -> Awaitable[dict[str, Any]]:
        """List a server that nothing announces; the result is a :class:`ServerNamed`."""

    def remove_server(*, server: str) -> Awaitable[dict[str, Any]]:
        """List it no more; the result is a :class:`ServerNamed`."""


SERVERS: tuple[Operation, ...] = (
    Operation(
        "servers.list",
        ListServers,
        ServersShown,
        "list_servers",
        "List the game servers of the party: who plays what where, and whether it can be joined from here.",
        "lanrage servers list --reachable --sort latency",
        reads=True,
    ),
    Operation(
        "servers.show",
        OfServer,
        ServerDetails,
        "show_server",
        "Show what is known of a server, and how.",
        "lanrage servers show Ben:27960",
        reads=True,
    ),
    Operation(
        "servers.join",
        OfServer,
        JoinShown,
        "join_server",
        "Tell a server's address, how its game is started to join it, and how modifications differ there.",
        "lanrage servers join Ben:27960 --print",
        asked=True,
    ),
    Operation(
        "servers.favourite",
        FavourServer,
        ServerMarked,
        "favour_server",
        "Make a server a favourite: it comes first in the list, in every party where its member is.",
        "lanrage servers favourite Ben:27960",
    ),
    Operation(
        "servers.tag",
        TagServer,
        ServerMarked,
        "tag_server",
        "Put words on a server, or take them off.",
        "lanrage servers tag Ben:27960 --add friday",
    ),
    Operation(
        "servers.add",
        AddServer,
        ServerNamed,
        "add_server",
        "List a server that nothing announces, until it is removed.",
        "lanrage servers add Ben:27960 --game openarena",
    ),
    Operation(
        "servers.remove",
        OfServer,
        ServerNamed,
        "remove_server",
        "List a server no more that was added.",
        "lanrage servers remove Ben:27960",
    ),
)
"""The operations on game servers (``docs/servers.rst``)."""
