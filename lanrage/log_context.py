"""Which operation, party, peer, session and game a log line belongs to (``docs/logging.rst``).

The context is a context variable (PEP 567): coroutines that Twisted runs keep the one that they were started with, and
what they set is theirs alone. Timers, callbacks and threads do not: :func:`carried` takes the present context along.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import wraps
from types import MappingProxyType
from typing import ParamSpec, TypeVar

from lanrage.errors import BadInput

P = ParamSpec("P")
T = TypeVar("T")

CONTEXT_FIELDS = ("peer_id", "party_id", "session_id", "game_id", "correlation_id")
"""The words that a context may have; each is on every line of the operation."""

_NONE: Mapping[str, str] = MappingProxyType({})
_context: ContextVar[Mapping[str, str]] = ContextVar("lanrage_log_context", default=_NONE)


def get_context() -> dict[str, str]:
    """The present context: field to value; fields that are not set are absent."""
    return dict(_context.get())


def set_context(**fields: str) -> None:
    """Add these fields to the present context, or replace them; an empty value takes a field out.

    :raises BadInput: for a field that is none of :data:`CONTEXT_FIELDS`.
    """
    _context.set(_joined(fields))


def new_correlation_id() -> str:
    """A name for an operation that begins now: 16 hexadecimal digits that no other operation has."""
    return secrets.token_hex(8)


def clear_context() -> None:
    """Leave the context empty."""
    _context.set(_NONE)


@contextmanager
def context(**fields: str) -> Iterator[None]:
    """The same as :func:`set_context`, until the block ends.

    :raises BadInput: for a field that is none of :data:`CONTEXT_FIELDS`.
    """
    token = _context.set(_joined(fields))
    try:
        yield
    finally:
        _context.reset(token)


def carried(call: Callable[P, T]) -> Callable[P, T]:
    """`call`, to be called later or in a thread, in a copy of the context of now."""
    now = copy_context()

    @wraps(call)
    def in_context(*args: P.args, **kwargs: P.kwargs) -> T:
        return now.copy().run(call, *args, **kwargs)

    return in_context


def _joined(fields: Mapping[str, str]) -> Mapping[str, str]:
    for name in fields:
        if name not in CONTEXT_FIELDS:
            raise BadInput(name, f"is no field of the log context; those are {', '.join(CONTEXT_FIELDS)}")
    joined = {**_context.get(), **fields}
    return MappingProxyType({name: value for name, value in joined.items() if value})
