"""The node's side of its users' agents: who is there, what their sessions show, and what they are asked to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage.app.caller import Caller
from lanrage.app.operations_agent import AgentShown
from lanrage.core.game_orders import Order, encode_order
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

    :param say: brings a text to it.
    :param done: fires when the node needs it no more.
    """

    user: int
    say: Say
    done: Deferred[int]
    blind: str = ""
    windows: tuple[Window, ...] = ()
    orders: int = 0


class AgentDesk:
    """Knows the agents by their connections.

    :param seen: told of all windows of all sessions each time they change.
    :param owner: whose a process is; ``None``: it is gone.
    """

    log = Logger()

    def __init__(self, seen: Callable[[Sequence[Window]], None], owner: Callable[[int], int | None] = owner_of) -> None:
        self._seen, self._owner = seen, owner
        self._agents: dict[Caller, _Agent] = {}

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
        agent = _Agent(caller.user, say, Deferred(), blind)
        self._agents[caller] = agent
        self.log.info("the agent of user {user} is there", user=caller.user, blind=blind)
        caller.when_gone(lambda: self._gone(caller))
        return agent.done

    def windows(self, caller: Caller, windows: Sequence[Window]) -> int:
        """A session shows these windows now, and no others. A process that is not the caller's is taken out.

        :returns: how many are kept.
        :raises Refused: ``not_allowed``: the caller is no agent.
        """
        agent = self._agents.get(caller)
        if agent is None:
            raise Refused("not_allowed", "only an agent tells of windows: agent.attend comes first")
        agent.windows, agent.blind = told(self._vouched(caller.user, each) for each in told(windows)), ""
        self._tell()
        return len(agent.windows)

    def _vouched(self, user: int, window: Window) -> Window:
        """A window with the process that it names, where that one is the user's own, as the kernel says."""
        if window.pid is None or self._owner(window.pid) == user:
            return window
        return attrs.evolve(window, pid=None, program="")

    def order(self, user: int, order: Order) -> bool:
        """Ask a user's agent to do something; false where the user has none."""
        agent = next((each for each in reversed(self._agents.values()) if each.user == user), None)
        if agent is None:
            return False
        agent.orders += 1
        self.log.info("the agent of user {user} is asked to start {game}", user=user, game=order.game)
        agent.say(encode_order(order))
        return True

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
        if not agent.done.called:
            agent.done.callback(agent.orders)

    def _tell(self) -> None:
        self._seen([window for each in self._agents.values() for window in each.windows])
