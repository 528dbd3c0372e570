"""What a control server tells of itself, as readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lanrage.app.control_desk import ControlDesk
from lanrage.app.relay_keeper import RelayKeeper
from lanrage.core.metric_reading import Reading, label
from lanrage.core.world_rows import Row
from lanrage.net.control_server import ServerFactory
from lanrage.store.journal import Journal

RELAYS_LIMIT = 64
"""Relays that are told of; a server names as many as its operator wrote down."""


def door(factory: ServerFactory) -> Iterator[Reading]:
    """Connections, and those that were refused."""
    yield Reading("lanrage_control_ready", (), float(not factory.readiness()))
    yield Reading("lanrage_control_connections", (), float(len(factory.connections)))
    yield Reading("lanrage_control_connections_ended_total", (), float(factory.ended))
    yield from _each("lanrage_control_connections_refused_total", factory.refusals)
    yield from _each("lanrage_control_dropped_messages_total", factory.dropped)
    if factory.bridges is not None:
        yield Reading("lanrage_control_relay_tcp_connections", (), float(factory.bridges.guests.count))
        yield from _each("lanrage_control_relay_tcp_dropped_total", factory.bridges.dropped)


def desk(served: ControlDesk, parties: int) -> Iterator[Reading]:
    """Sessions, requests and notices."""
    counters = served.counters
    yield Reading("lanrage_control_sessions", (), float(len(served.sessions)))
    yield Reading("lanrage_control_parties", (), float(parties))
    yield Reading("lanrage_control_tasks_waiting", (), float(served.waiting))
    yield from _each("lanrage_control_requests_total", counters.requests)
    yield from _each("lanrage_control_refusals_total", counters.refusals)
    yield from _each("lanrage_control_notices_total", counters.notices)


def journal(of: Journal[Row]) -> Iterator[Reading]:
    """The writing of changes."""
    counters = of.counters
    yield Reading("lanrage_journal_changes_total", (), float(counters.queued))
    yield Reading("lanrage_journal_deduplicated_total", (), float(counters.deduplicated))
    yield Reading("lanrage_journal_written_changes_total", (), float(counters.written))
    yield Reading("lanrage_journal_written_bytes_total", (), float(counters.written_bytes))
    yield Reading("lanrage_journal_batches_total", (), float(counters.batches))
    yield Reading("lanrage_journal_failures_total", (), float(counters.failures))
    yield Reading("lanrage_journal_waiting", (), float(of.waiting))
    yield Reading("lanrage_journal_stuck", (), float(bool(of.trouble)))
    yield Reading("lanrage_journal_flush_seconds_total", (), counters.flush.total)
    yield Reading("lanrage_journal_flush_p99_seconds", (), counters.flush.percentile(0.99))


def relays(keeper: RelayKeeper) -> Iterator[Reading]:
    """The relays that report to it."""
    for row in keeper.facts()[:RELAYS_LIMIT]:
        name = (label(str(row["relay"])),)
        if row["state"] == "unreported":
            continue  # it may be well all the same
        yield Reading("lanrage_control_relay_up", name, float(row["state"] == "up"))
        load = row.get("load")
        if isinstance(load, float):
            yield Reading("lanrage_control_relay_load_ratio", name, load)


def _each(name: str, counted: Mapping[str, int]) -> Iterator[Reading]:
    for word, count in list(counted.items()):
        yield Reading(name, (word,), float(count))
