"""A log event as a record: its own fields, whose line it is, and the context (``docs/logging.rst``, "Fields")."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import attrs
from twisted.logger import LogLevel, formatEvent

from lanrage.core.log_levels import Level
from lanrage.core.log_values import TRACEBACK_LIMIT, Plain, clean, plain, text_of
from lanrage.core.redaction import PUBLIC_FIELDS, REDACTED, SECRET_FIELDS, Redactor
from lanrage.log_context import CONTEXT_FIELDS, get_context
from lanrage.logs.subsystems import subsystem_of

FIELDS_LIMIT = 40
"""Fields of one event; code names a handful, a library's event may carry its whole world."""

OWN = (
    *("time", "level", "subsystem", "namespace", "event", "message", "host", "node", "role", "pid"),
    *CONTEXT_FIELDS,
    *("error_type", "error", "traceback"),
)
"""The fields that every line has, in this order (the last three only where something failed)."""

_TAKEN = frozenset(OWN) - frozenset(CONTEXT_FIELDS) - {"error"}
_LEGACY = frozenset("failure format isError message printed system time why".split())
"""What :mod:`twisted.python.log` puts into an event for its own observers."""

LEVELS: Mapping[Any, Level] = {
    LogLevel.debug: Level.DEBUG,
    LogLevel.info: Level.INFO,
    LogLevel.warn: Level.WARNING,
    LogLevel.error: Level.ERROR,
    LogLevel.critical: Level.CRITICAL,
}
"""Twisted's levels as ours."""


@attrs.define
class Origin:
    """Which process writes.

    :param host: the machine's name.
    :param node: the identity or key by which others know this process, as hexadecimal digits; empty until it is known.
    :param role: ``node``, ``control``, ``relay`` or ``all``; empty for other programs.
    """

    host: str = ""
    node: str = ""
    role: str = ""


def level_of(event: Mapping[str, Any]) -> Level:
    """An event's level; one without a known one is information, and a failure that Twisted calls critical an error."""
    level = LEVELS.get(event.get("log_level"), Level.INFO)
    return Level.ERROR if level is Level.CRITICAL and event.get("log_failure") is not None else level


def stamp(seconds: float) -> str:
    """A time of day (seconds since 1970) as RFC 3339 has it, UTC, with microseconds: text sorts as time does."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return "1970-01-01T00:00:00.000000Z"


def event_name(event: Mapping[str, Any]) -> str:
    """The stable name of an event: the sentence with its fields' names in it."""
    return str(event.get("log_event") or event.get("log_format") or "")


def record(
    event: Mapping[str, Any], origin: Origin, redactor: Redactor, fresh: Callable[[str], bool] = lambda _: True
) -> dict[str, Plain]:
    """An event's record; never fails, holds no secret that the redactor knows, and is bounded.

    The context is that of now. What the object that logs says of itself (``log_fields``) wins over it, and a field of
    the event over both.

    :param fresh: whether the operation of an id is under way, and not only what led to this line long ago.
    """
    fields = _fields(event)
    public = frozenset(_public(fields))
    namespace = str(event.get("log_namespace") or "")
    found: dict[str, Plain] = {
        "time": stamp(_seconds(event)),
        "level": level_of(event).word,
        "subsystem": subsystem_of(namespace),
        "namespace": clean(namespace, redactor),
        "event": clean(event_name(event), redactor),
        "message": clean(_sentence(event, fields, redactor, public), redactor, public),
        "host": origin.host,
        "node": origin.node,
        "role": origin.role,
        "pid": os.getpid(),  # of now: twistd forks after the log was begun
    }
    context = _context(event, fresh)
    for name in CONTEXT_FIELDS:
        found[name] = plain(fields.pop(name, None) or context.get(name, ""), redactor, name, public)
    for name, value in islice(fields.items(), FIELDS_LIMIT):
        found[f"{name}_" if name in _TAKEN else name] = plain(value, redactor, name, public)
    if event.get("log_failure") is not None:
        found.update(_failed(event["log_failure"], redactor, public))
    return found


def _fields(event: Mapping[str, Any]) -> dict[str, Any]:
    legacy = _LEGACY if "isError" in event else frozenset()
    return {name: value for name, value in event.items() if not name.startswith("log_") and name not in legacy}


def _context(event: Mapping[str, Any], fresh: Callable[[str], bool]) -> dict[str, str]:
    context = get_context()
    if not fresh(context.get("correlation_id", "")):
        context.pop("correlation_id", None)
    try:
        return {**context, **getattr(event.get("log_source"), "log_fields", {})}
    except Exception:  # an object that is half built, say  # pylint: disable=broad-exception-caught
        return context


def _public(fields: Mapping[str, Any]) -> list[str]:
    found = (fields[name] for name in PUBLIC_FIELDS if name in fields)
    return [value.hex() if isinstance(value, bytes) else text_of(value) for value in found if value]


def _seconds(event: Mapping[str, Any]) -> float:
    seconds = event.get("log_time", 0.0)
    return seconds if isinstance(seconds, int | float) else 0.0


def _sentence(event: Mapping[str, Any], fields: Mapping[str, Any], redactor: Redactor, public: frozenset[str]) -> str:
    """The formatted sentence, bytes in it as its fields show them; a bare failure's own, where there is none."""
    other: dict[str, Any] = dict.fromkeys(SECRET_FIELDS & fields.keys(), REDACTED)
    shown = {name: value for name, value in fields.items() if isinstance(value, bytes) and name not in other}
    other.update((name, plain(value, redactor, name, public)) for name, value in shown.items())
    if other:
        event = {**event, **other}
    text = formatEvent(dict(event))
    if not text and event.get("log_failure") is not None:
        text = text_of(getattr(event["log_failure"], "value", ""))
    return text


def _failed(failure: Any, redactor: Redactor, public: frozenset[str]) -> dict[str, Plain]:
    try:
        kind, error, trace = failure.type.__name__, text_of(failure.value), failure.getTraceback()
    except Exception:  # a damaged failure is told as well as it can  # pylint: disable=broad-exception-caught
        kind, error, trace = type(failure).__name__, text_of(failure), ""
    return {
        "error_type": clean(kind, redactor),
        "error": clean(error, redactor, public),
        "traceback": clean(trace, redactor, public, TRACEBACK_LIMIT),
    }
