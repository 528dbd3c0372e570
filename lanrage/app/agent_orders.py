"""What one agent was asked and has not answered yet (``docs/agent.rst``)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.core.game_orders import NUMBER_LIMIT, AnyOrder, Found, encode_order, kind_of
from lanrage.errors import BadInput, Refused

ORDERS_LIMIT = 16
"""Unanswered orders of one agent: a user has one or two, notifications come a few a minute."""
PARTS_LIMIT = 16
"""Parts of one answer; the largest list of modifications has ten."""

log = Logger()


@attrs.define(eq=False)
class _Asked:
    """One order that waits for its answer."""

    order: AnyOrder
    answer: Deferred[tuple[Any, ...]]
    end: IDelayedCall
    parts: list[Found] = attrs.field(factory=list)


class AgentOrders:
    """Of one agent.

    :param user: whose agent it is.
    :param say: brings a text to it.
    :ivar count: orders that it got.
    """

    def __init__(self, clock: IReactorTime, user: int, say: Callable[[str], None]) -> None:
        self.count = 0
        self._clock, self._user, self._say = clock, user, say
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Asked] = {}

    def ask(self, order: AnyOrder) -> Deferred[tuple[Any, ...]]:
        """Ask the agent to do something.

        :returns: fires with the parts of what the order gives back (of the class that it names; empty where it names
            none) once it is done; cancelling forgets it. It fails with :class:`Refused`: ``busy``, ``agent_refused``
            (the message says why), ``agent_silent`` or ``agent_gone``.
        """
        if len(self._waiting) >= ORDERS_LIMIT:
            return fail(Refused("busy", f"your agent has {ORDERS_LIMIT} orders to answer already"))
        number = next(self._numbers) % NUMBER_LIMIT
        answer: Deferred[tuple[Any, ...]] = Deferred(lambda _: self._given_up(number))
        end = self._clock.callLater(order.wait, self._silent, number)
        self._waiting[number] = _Asked(order, answer, end)
        self.count += 1
        emit = log.debug if order.repeated else log.info
        emit("the agent of user {user} is asked to {order}", user=self._user, order=kind_of(order), number=number)
        self._say(encode_order(msgspec.structs.replace(order, number=number)))
        return answer

    def done(self, number: int, error: str, found: Found | None) -> None:
        """The agent answers, or gives one part of its answer.

        :param error: why it is not done; empty where it is.
        :raises Refused: ``no_order``: none of this number waits.
        :raises BadInput: field ``result``: it is not what the order gives back.
        """
        asked = self._waiting.get(number)
        if asked is None:
            raise Refused("no_order", f"no order {number} waits for an answer")
        if error:
            self._fail(number, Refused("agent_refused", error))
            return
        gives = asked.order.gives
        if not isinstance(found, gives if gives is not None else type(None)):
            self._fail(number, Refused("agent_refused", "its answer fits another order"))
            raise BadInput("result", f"an order to {kind_of(asked.order)} gives back something else")
        if found is not None:
            asked.parts.append(found)
            if found.more and len(asked.parts) < PARTS_LIMIT:
                return
            if found.more:
                self._fail(number, Refused("agent_refused", f"its answer has more than {PARTS_LIMIT} parts"))
                raise BadInput("result", f"has at most {PARTS_LIMIT} parts")
        self._take(number)
        asked.answer.callback(tuple(asked.parts))

    def gone(self) -> None:
        """The agent is gone: what it was asked is not answered."""
        for number in tuple(self._waiting):
            self._fail(number, Refused("agent_gone", "your agent ended before it answered"))

    def _silent(self, number: int) -> None:
        wait = self._waiting[number].order.wait
        self._fail(number, Refused("agent_silent", f"your agent did not answer within {wait:g} s"))

    def _fail(self, number: int, error: Refused) -> None:
        asked = self._take(number)
        if asked is not None:
            asked.answer.errback(error)

    def _given_up(self, number: int) -> None:
        self._take(number)

    def _take(self, number: int) -> _Asked | None:
        asked = self._waiting.pop(number, None)
        if asked is not None and asked.end.active():
            asked.end.cancel()
        return asked
