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
    :param places: dotted names, below the package, of the functions (or spans) that are it.
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
    TimedOperation("config.load", ("app.service.Options.postOptions",)),
    TimedOperation("control_client.initialize", ("net.control_client.ControlClient._dial",), slow=5.0),
    TimedOperation("control_client.close", ("net.control_client.ControlClient.stopService",), slow=2.0),
    TimedOperation("control_client.request", ("net.control_client.ControlClient.request",), slow=2.0),
    TimedOperation("control_client.register_peer", ("app.membership.Membership._read",), slow=5.0),
    TimedOperation("control_client.register_party", ("app.membership.Membership.create",), slow=5.0),
    TimedOperation("control_client.join_party", ("app.membership.Membership.join",), slow=5.0),
    TimedOperation("state.flush", ("store.journal.FLUSHED",), slow=0.5),
    TimedOperation("broadcast.inject", ("app.lan_flow.Inflow._refuse",), slow=0.01, sample=HOT_SAMPLE),
    TimedOperation("broadcast.start_listener", ("app.lan.LanPlane._start",)),
    TimedOperation("game.detect", ("app.game_looks.GameLooks._look",), slow=0.5),
    TimedOperation("peer.connect", ("app.peer_link.CONNECTED",), slow=5.0),
    TimedOperation("metrics.flush", ("app.metrics_archive.FLUSHED",), slow=2.0),
    TimedOperation("metrics.collect_system", ("net.own_process.OwnProcess.read",), slow=0.2),
    TimedOperation(
        "metrics.record_latency",
        ("app.metrics_keeper.MetricsKeeper._record_latency",),
        slow=0.01,
        sample=HOT_SAMPLE,
    ),
    TimedOperation("profiler.on", ("app.profile_node.ProfileNode.profile_on",)),
    TimedOperation("profiler.off", ("app.profile_node.ProfileNode.profile_off",)),
    TimedOperation("profiler.reset", ("app.profile_node.ProfileNode.profile_reset",)),
    TimedOperation("profiler.stats", ("app.profile_node.ProfileNode.profile_stats",)),
    TimedOperation("profiler.hotspots", ("app.profile_node.ProfileNode.profile_hotspots",)),
    TimedOperation("profiler.slow", ("app.profile_node.ProfileNode.profile_slow",)),
    TimedOperation("profiler.system", ("app.profile_node.ProfileNode.profile_system",)),
    TimedOperation("rights.check", ("net.rights.read_rights",)),
    TimedOperation("rights.elevate", slow=120.0, later=True),
    TimedOperation("party.start", ("app.party_session.PartySession.start",), slow=5.0),
    TimedOperation("control.set_up", ("app.control.ControlService.start",), slow=5.0),
    TimedOperation("ipam.allocate", ("app.control_requests.Requests._reserve",), slow=0.05),
    TimedOperation(
        "interface.create", ("net.kernel.KernelTunnel.create", "net.userspace.UserspaceTunnel.create"), slow=2.0
    ),
    TimedOperation(
        "interface.add_peer", ("net.kernel.KernelTunnel.set_peer", "net.userspace.UserspaceTunnel.set_peer"), slow=0.5
    ),
    TimedOperation(
        "interface.remove_peer",
        ("net.kernel.KernelTunnel.remove_peer", "net.userspace.UserspaceTunnel.remove_peer"),
        slow=0.5,
    ),
    TimedOperation("nat.detect", ("app.nat_watch.DETECTED",), slow=10.0),
    TimedOperation("nat.punch", ("app.punching.PUNCHED",), slow=10.0),
    TimedOperation("server.discover", ("app.server_queries.ServerQueries.look",), slow=5.0),
    TimedOperation("server.latency", ("app.server_latency.ServerLatencies._measure",), slow=10.0),
    TimedOperation("settings.load", ("store.settings.SettingsFile.load",), slow=0.5),
    TimedOperation(
        "settings.save", ("store.settings.SettingsFile.change", "store.settings.SettingsFile.save"), slow=0.5
    ),
    TimedOperation("settings.activate", ("store.settings.SettingsFile.activate",)),
)
TIMED: dict[str, TimedOperation] = {operation.name: operation for operation in _ALL}
"""All of them by name."""
