"""The agent's side of orders: each is done, or it is said why not (``docs/agent.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.game_orders import ERROR_LIMIT, AnyOrder, Found, Order, decode_order, kind_of, number_of
from lanrage.core.shown_text import shown_text
from lanrage.errors import DecodeError, LanrageError

Doers = Mapping[type[Order], Callable[[Any], Awaitable[Sequence[Found]]]]
"""Who does each kind of order; gives back the parts of what the order gives, and raises an error of the house that
says why it is not done."""
Tell = Callable[[int, str, Found | None], Awaitable[Any]]
"""Brings an answer to the node: the order's number, why it is not done or nothing, and what it gives back."""


class OrderDoing:
    """What one agent was asked and does.

    :param doers: by the kind of order; a kind that none does is answered so.
    """

    log = Logger()

    def __init__(self, doers: Doers) -> None:
        self._doers = doers
        self._running: set[Deferred[None]] = set()

    def take(self, text: str, tell: Tell) -> None:
        """The node asks; an order without a number cannot be answered."""
        try:
            order = decode_order(text)
        except DecodeError as error:
            self.log.warn("the node asked for something that this agent does not know: {reason}", reason=str(error))
            number = number_of(text)
            if number is not None:
                self._run(self._refuse(number, tell))
            return
        self._run(self._do(order, tell))

    def stop(self) -> None:
        """What is being done is given up; it is not answered."""
        for running in tuple(self._running):
            running.cancel()

    def _run(self, doing: Any) -> None:
        running: Deferred[None] = Deferred.fromCoroutine(doing)
        self._running.add(running)
        running.addErrback(self._failed).addBoth(lambda _: self._running.discard(running))

    async def _refuse(self, number: int, tell: Tell) -> None:
        await tell(number, "this agent is of another version and does not know how to do that", None)

    async def _do(self, order: AnyOrder, tell: Tell) -> None:
        parts: Sequence[Found] = ()
        doer, error = self._doers.get(type(order)), ""
        if doer is None:
            error = f"this agent does nothing of the kind: {kind_of(order)}"
        else:
            try:
                parts = await doer(order)
            except LanrageError as refusal:
                error = shown_text(str(refusal), ERROR_LIMIT) or "it was refused without a word"
            except CancelledError:
                raise
            except Exception:  # pylint: disable=broad-exception-caught  # the node is told that it is not done
                self.log.failure("an order to {order} failed", order=kind_of(order))
                error = "the agent met an error of its own; its log says more"
        if error:
            self.log.info("an order to {order} is not done: {reason}", order=kind_of(order), reason=error)
        for part in parts or (None,):
            await tell(order.number, error, part)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(LanrageError):
            self.log.info("the node did not take an order's answer: {reason}", reason=str(failure.value))
        else:
            self.log.failure("an order's answer could not be told", failure)
