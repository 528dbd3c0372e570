"""The node's side of its users' agents: who is there, what their sessions show, and what they are asked to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from lanrage.app.agent_orders import AgentOrders
from lanrage.app.caller import Caller
from lanrage.app.operations_agent import AgentShown
from lanrage.core.game_orders import AnyOrder, Found
from lanrage.core.game_windows import Window, told
from lanrage.errors import Refused
from lanrage.net.process_ends import owner_of

AGENTS_LIMIT = 8
"""Agents at once: a machine has one seat, rarely two; a program that asks again and again is stopped here."""
USER_LIMIT = 2
"""Of one user: a session, and one more for the moment in which it is started anew."""

Say = Callable[[str], None]


@attrs.define(eq=False)
class _Agent:
    """One that is there.

    :param orders: what it is asked.
    :param done: fires when the node needs it no more.
    """

    user: int
    orders: AgentOrders
    done: Deferred[int]
    blind: str = ""
    windows: tuple[Window, ...] = ()


class AgentDesk:
    """Knows the agents by their connections.

    :param seen: told of all windows of all sessions each time they change.
    :param owner: whose a process is; ``None``: it is gone.
    :ivar attended: how many have come.
    :ivar on_change: called when one has come or gone.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        seen: Callable[[Sequence[Window]], None],
        owner: Callable[[int], int | None] = owner_of,
    ) -> None:
        self._clock, self._seen, self._owner = clock, seen, owner
        self._agents: dict[Caller, _Agent] = {}
        self.attended = 0
        self.on_change: Callable[[], None] = lambda: None

    def attend(self, caller: Caller, say: Say, blind: str) -> Deferred[int]:
        """Take a program for an agent until its connection ends.

        :param blind: why it tells no windows.
        :returns: fires with the number of orders that it got, when it is needed no more.
        :raises Refused: ``busy``: it is one already, or too many are there.
        """
        if caller in self._agents:
            raise Refused("busy", "this connection is an agent already")
        if sum(each.user == caller.user for each in self._agents.values()) >= USER_LIMIT:
            raise Refused("busy", f"{USER_LIMIT} agents of yours are there already")
        if len(self._agents) >= AGENTS_LIMIT:
            raise Refused("busy", f"{AGENTS_LIMIT} agents are there already")
        agent = _Agent(caller.user, AgentOrders(self._clock, caller.user, say), Deferred(), blind)
        self._agents[caller] = agent
        self.attended += 1
        self.log.info("the agent of user {user} is there", user=caller.user, blind=blind)
        caller.when_gone(lambda: self._gone(caller))
        self.on_change()
        return agent.done

    def windows(self, caller: Caller, windows: Sequence[Window]) -> int:
        """A session shows these windows now, and no others. A process that is not the caller's is taken out.

        :returns: how many are kept.
        :raises Refused: ``not_allowed``: the caller is no agent.
        """
        agent = self._agent(caller)
        agent.windows, agent.blind = told(self._vouched(caller.user, each) for each in told(windows)), ""
        self._tell()
        return len(agent.windows)

    def _agent(self, caller: Caller) -> _Agent:
        agent = self._agents.get(caller)
        if agent is None:
            raise Refused("not_allowed", "only an agent tells this: agent.attend comes first")
        return agent

    def _vouched(self, user: int, window: Window) -> Window:
        """A window with the process that it names, where that one is the user's own, as the kernel says."""
        if window.pid is None or self._owner(window.pid) == user:
            return window
        return attrs.evolve(window, pid=None, program="")

    @property
    def users(self) -> tuple[int, ...]:
        """Who has an agent, whose newest is the newest first."""
        return tuple(dict.fromkeys(each.user for each in reversed(self._agents.values())))

    def ask(self, user: int, order: AnyOrder) -> Deferred[tuple[Any, ...]]:
        """Ask the newest agent of a user; see :meth:`AgentOrders.ask`, and it fails with ``no_agent``, too."""
        agent = next((each for each in reversed(self._agents.values()) if each.user == user), None)
        if agent is None:
            return fail(
                Refused("no_agent", "no agent of yours is there: start one in your session (twistd lanrage agent)")
            )
        return agent.orders.ask(order)

    def done(self, caller: Caller, number: int, error: str, found: Found | None) -> None:
        """An agent answers an order; see :meth:`AgentOrders.done`.

        :raises Refused: ``not_allowed``: the caller is no agent.
        """
        self._agent(caller).orders.done(number, error, found)

    def check_agent(self, caller: Caller) -> None:
        """Whether the caller is an agent.

        :raises Refused: ``not_allowed``: it is none.
        """
        self._agent(caller)

    def shown(self) -> list[AgentShown]:
        """The agents, in the order in which they came."""
        return [AgentShown(each.user, len(each.windows), each.blind) for each in self._agents.values()]

    def _gone(self, caller: Caller) -> None:
        agent = self._agents.pop(caller, None)
        if agent is None:
            return
        self.log.info("the agent of user {user} is gone", user=agent.user)
        if agent.windows:
            self._tell()
        agent.orders.gone()
        if not agent.done.called:
            agent.done.callback(agent.orders.count)
        self.on_change()

    def _tell(self) -> None:
        self._seen([window for each in self._agents.values() for window in each.windows])
