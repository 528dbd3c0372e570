"""Blocking calls leave the reactor: one call, one thread, its sockets opened and closed inside (docs/links.rst)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFDSet, IReactorProcess, IReactorThreads, IReactorTime, IReactorUNIX
from twisted.internet.threads import deferToThreadPool

from lanrage.log_context import carried

# An interface has no __init__ and no methods of its own here.
# pylint: disable=too-many-ancestors

P = ParamSpec("P")
T = TypeVar("T")


class INetReactor(IReactorTime, IReactorThreads, IReactorProcess, IReactorUNIX, IReactorFDSet):
    """The sides of the reactor that the adapters to this machine use."""


def in_thread(reactor: IReactorThreads, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
    """Run a blocking call in one of the reactor's threads and deliver its result or error in the reactor.

    What it logs has the context of now.
    """
    result: Deferred[T] = deferToThreadPool(reactor, reactor.getThreadPool(), carried(call), *args, **kwargs)
    return result
