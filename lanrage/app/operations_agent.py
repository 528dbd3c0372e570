"""The operations of a user's agent, for the table in :mod:`lanrage.app.operations` (``docs/agent.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from zope.interface import Interface

from lanrage.app.caller import Caller
from lanrage.app.operation import Nothing, Operation, Request
from lanrage.app.operations_servers import OfServer
from lanrage.app.results import Result
from lanrage.app.servers_results import JoinShown
from lanrage.core.game_orders import ERROR_LIMIT, AnyFound, OrderNumber
from lanrage.core.game_windows import PROGRAM_LIMIT, TITLE_LIMIT, WINDOWS_LIMIT

# Interface methods have no self and no body.
# pylint: disable=no-self-argument,no-method-argument


class WindowTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A window of a user's session; see :class:`lanrage.core.game_windows.Window`."""

    title: Annotated[str, Meta(min_length=1, max_length=TITLE_LIMIT)]
    kind: Annotated[str, Meta(max_length=PROGRAM_LIMIT)] = ""
    pid: Annotated[int, Meta(ge=2, lt=2**22)] | None = None
    program: Annotated[str, Meta(max_length=PROGRAM_LIMIT)] = ""


class TellWindows(Request, frozen=True):
    """Arguments of ``agent.windows``."""

    windows: Annotated[
        list[WindowTold],
        Meta(max_length=WINDOWS_LIMIT, description=f"at most {WINDOWS_LIMIT} windows: title, kind, pid and program"),
    ]


class WindowsTaken(Result, frozen=True):
    """How many windows the node knows of this session now."""

    windows: int


class LaunchServer(OfServer, frozen=True):
    """Arguments of ``servers.launch``."""

    anyway: Annotated[bool, Meta(description="true or false: although modifications differ")] = False


class OrderDone(Request, frozen=True):
    """Arguments of ``agent.done``."""

    number: OrderNumber
    error: Annotated[
        str, Meta(max_length=ERROR_LIMIT, description=f"why it is not done, or empty: at most {ERROR_LIMIT} characters")
    ] = ""
    result: Annotated[
        AnyFound | None, Meta(description="what the order gives back, or one part of it; null where it gives nothing")
    ] = None


class OrderTaken(Result, frozen=True):
    """The answer to an order was taken."""

    number: int


class Attend(Request, frozen=True):
    """Arguments of ``agent.attend``."""

    blind: Annotated[
        str, Meta(max_length=TITLE_LIMIT, description="why this session's windows are not told; empty where they are")
    ] = ""


class Attended(Result, frozen=True):
    """The node needs the agent no more."""

    orders: int


class AskRejoin(Request, frozen=True):
    """Arguments of ``agent.rejoin``."""

    login: Annotated[
        bool, Meta(description="true or false: whether the session has just begun, so that its user is told")
    ] = True


class Rejoined(Result, frozen=True):
    """Whether the node is back in its party.

    :param outcome: ``back`` (by this), ``there`` (it was in it), ``none`` (it has no party), or ``off`` (the
        setting ``desktop.rejoin`` is).
    :param party_id: of the party, where it is in one.
    """

    outcome: Literal["back", "there", "none", "off"]
    party_id: str = ""


class AgentShown(msgspec.Struct, frozen=True):
    """An agent that is there.

    :param user: number of the user whose session it is.
    :param windows: how many are known of it.
    :param blind: why none are; empty where they are told.
    """

    user: int
    windows: int
    blind: str


class AgentsShown(Result, frozen=True):
    """The agents that are there."""

    agents: list[AgentShown]


class IAgentNode(Interface):
    """What a node does for the agents of its users; see :class:`lanrage.app.operations.INode`."""

    def attend(*, blind: str, progress: Any, caller: Caller) -> Awaitable[dict[str, Any]]:
        """Take the caller for its user's agent until its connection ends; the result is an :class:`Attended`.

        What the agent is to do comes as texts of progress: each is the JSON of a
        :class:`lanrage.core.game_orders.Order`, and is answered by ``agent.done``.

        :raises Refused: ``busy``: there are too many, of this user or of all.
        """

    def tell_windows(*, windows: list[WindowTold], caller: Caller) -> Awaitable[dict[str, Any]]:
        """Know the windows of the caller's session; the result is a :class:`WindowsTaken`.

        :raises Refused: ``not_allowed``: the caller has not asked to be one.
        """

    def launch_server(*, server: str, anyway: bool, caller: Caller) -> Awaitable[dict[str, Any]]:
        """Let the agent of the caller's user start a server's game; the result is a :class:`JoinShown`.

        It is given once the game is started.

        :raises Refused: ``not_started``: that user has no agent, the game's start is not known, or the agent says why;
            ``mods_differ``: the caller's modifications are not those of who runs the server, and `anyway` is not set.
        """

    def order_done(*, number: int, error: str, result: AnyFound | None, caller: Caller) -> Awaitable[dict[str, Any]]:
        """The calling agent did what it was asked, or says why not; the result is an :class:`OrderTaken`.

        :raises Refused: ``not_allowed``: the caller has not asked to be an agent; ``no_order``: it was not asked.
        :raises BadInput: the order gives back something else.
        """

    def rejoin(*, login: bool, caller: Caller) -> Awaitable[dict[str, Any]]:
        """Be back in the party that this node stays out of while nobody is logged in; gives a :class:`Rejoined`.

        :raises Refused: ``not_allowed``: the caller has not asked to be an agent.
        """

    def show_agents() -> Awaitable[dict[str, Any]]:
        """The agents that are there; the result is an :class:`AgentsShown`."""


AGENT = (
    Operation(
        "agent.attend",
        Attend,
        Attended,
        "attend",
        "Be the agent of the calling user's session until the connection ends; what it is to do comes as progress.",
        "lanrage games agents",
        long=True,
        held=True,
        local=True,
    ),
    Operation(
        "agent.windows",
        TellWindows,
        WindowsTaken,
        "tell_windows",
        "Tell the node which windows the session of the calling agent shows.",
        "lanrage games agents",
        held=True,
        local=True,
    ),
    Operation(
        "agent.done",
        OrderDone,
        OrderTaken,
        "order_done",
        "Tell the node that an order was done, with what it gives back, or why it was not.",
        "lanrage games agents",
        held=True,
        local=True,
    ),
    Operation(
        "agent.rejoin",
        AskRejoin,
        Rejoined,
        "rejoin",
        "Bring the node back into the party that it stays out of while nobody is logged in (desktop.rejoin).",
        "lanrage games agents",
        held=True,
        local=True,
    ),
    Operation(
        "servers.launch",
        LaunchServer,
        JoinShown,
        "launch_server",
        "Let the agent of your session start a server's game, so that it joins.",
        "lanrage servers launch Ben:27960",
        held=True,
    ),
    Operation(
        "games.agents",
        Nothing,
        AgentsShown,
        "show_agents",
        "Show the agents that are there: whose session each serves, and what it sees.",
        "lanrage games agents",
        reads=True,
    ),
)
"""The operations of users' agents."""
