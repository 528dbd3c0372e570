"""The operations whose calls are timed, and where each of them lives (``docs/profiling.rst``)."""

from __future__ import annotations

import attrs

HOT_SAMPLE = 61
"""One of so many calls of a hot path is timed. A prime: a party of 16 that is served in turn is not always seen at the
same member."""


@attrs.frozen
class TimedOperation:
    """One operation.

    :param name: ``subject.verb``; a label of metrics and a word of log lines.
    :param places: dotted names of the functions that are it.
    :param slow: seconds; a call that takes longer is worth a warning.
    :param sample: one call of so many is timed.
    :param later: its functions are still to come.
    """

    name: str
    places: tuple[str, ...] = ()
    slow: float = 1.0
    sample: int = 1
    later: bool = False


_ALL = (
    TimedOperation("config.load"),
    TimedOperation("control_client.initialize", slow=5.0),
    TimedOperation("control_client.close", slow=2.0),
    TimedOperation("control_client.request", slow=2.0),
    TimedOperation("control_client.register_peer", slow=5.0),
    TimedOperation("control_client.register_party", slow=5.0),
    TimedOperation("control_client.join_party", slow=5.0),
    TimedOperation("state.flush", slow=0.5),
    TimedOperation("broadcast.inject", slow=0.01, sample=HOT_SAMPLE),
    TimedOperation("broadcast.start_listener"),
    TimedOperation("game.detect", slow=0.5, later=True),
    TimedOperation("peer.connect", slow=5.0),
    TimedOperation("metrics.collect_system", slow=0.2),
    TimedOperation("metrics.record_latency", slow=0.01, sample=HOT_SAMPLE),
    TimedOperation("profiler.on"),
    TimedOperation("profiler.off"),
    TimedOperation("profiler.reset"),
    TimedOperation("profiler.stats"),
    TimedOperation("profiler.hotspots"),
    TimedOperation("profiler.slow"),
    TimedOperation("profiler.system"),
    TimedOperation("rights.check"),
    TimedOperation("rights.elevate", slow=120.0),
    TimedOperation("party.start", slow=5.0),
    TimedOperation("control.set_up", slow=5.0),
    TimedOperation("ipam.allocate", slow=0.05),
    TimedOperation("interface.create", slow=2.0),
    TimedOperation("interface.add_peer", slow=0.5),
    TimedOperation("interface.remove_peer", slow=0.5),
    TimedOperation("nat.detect", slow=10.0),
    TimedOperation("nat.punch", slow=10.0),
    TimedOperation("server.discover", slow=5.0, later=True),
    TimedOperation("server.latency", slow=5.0, later=True),
    TimedOperation("settings.load", slow=0.5),
    TimedOperation("settings.save", slow=0.5),
    TimedOperation("settings.activate"),
)
TIMED: dict[str, TimedOperation] = {operation.name: operation for operation in _ALL}
"""All of them by name."""
