"""The context of log lines, taken along by timers: a call that comes later has the context of who asked for it.

What serves many (a journal, a timer of all connections) is started :func:`apart`, or it would bear the name of who came
first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from lanrage.log_context import carried, clear_context, context, get_context

P = ParamSpec("P")
T = TypeVar("T")


def carrying(call: Callable[P, T]) -> Callable[P, T]:
    """:func:`lanrage.log_context.carried`, at no cost where there is no context."""
    return carried(call) if get_context() else call


def carry_timers(reactor: Any) -> Callable[[], None]:
    """Let all calls that this reactor (or clock) is asked for from now on have the context of who asks.

    :returns: to be called to leave it as it was.
    """
    plain = reactor.callLater

    def call_later(delay: float, call: Callable[..., object], *args: object, **kwargs: object) -> Any:
        return plain(delay, carrying(call), *args, **kwargs)

    reactor.callLater = call_later

    def leave() -> None:
        del reactor.callLater

    return leave


@contextmanager
def apart() -> Iterator[None]:
    """Without any context, until the block ends: for what is started by one and serves all."""
    with context():
        clear_context()
        yield
