"""Waiting that can be given up without ending what is waited for."""

from __future__ import annotations

from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def patiently(source: Deferred[T]) -> Deferred[T]:
    """The same result; who stops waiting for it does not cancel it: it goes on, and its end is nobody's."""
    waiting: Deferred[T] = Deferred(lambda _: None)

    def ended(result: Any) -> None:
        if waiting.called:
            return
        if isinstance(result, Failure):
            waiting.errback(result)
        else:
            waiting.callback(result)

    source.addBoth(ended)
    return waiting
