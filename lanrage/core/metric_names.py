"""All metrics: names, units, help and labels, in one table (``docs/operations/monitoring.rst``).

Names follow Prometheus' rules (https://prometheus.io/docs/practices/naming/): a common prefix, base units (seconds,
bytes, ratio), ``_total`` for what only grows. A change of a name is a break for who watches: it needs a line in NEWS.

Labels have few values: a member is named by its party address (``peer``), of which a party has 64 at most, never by its
name, which it chose by itself; :data:`PEER_INFO` joins both.
"""

from __future__ import annotations

from collections.abc import Iterable

from lanrage.core.metric_book import Metric

PREFIX = "lanrage_"
"""Of every name."""
PEER_LABEL = "peer"
"""A member's party address."""
PEER_INFO = "lanrage_peer_info"
"""1 for each other member, with its address, its name and the fingerprint of its identity."""


def _gauge(name: str, unit: str, text: str, *labels: str) -> Metric:
    return Metric(PREFIX + name, "gauge", unit, text, labels)


def _counter(name: str, unit: str, text: str, *labels: str) -> Metric:
    return Metric(PREFIX + name, "counter", unit, text, labels)


_NODE = (
    _gauge("node_in_party", "", "1 while this node is a member of a party and takes part in it."),
    _gauge("node_control_connected", "", "1 while the channel to the control server is open."),
    _gauge("party_members", "", "Members of the party, this one included."),
    _gauge("peer_info", "", "1 for each member: address, name, identity's fingerprint.", "peer", "name", "identity"),
    _gauge("peer_online", "", "1 while the control server says that the member is connected.", "peer"),
    _gauge("peer_up", "", "1 while WireGuard has a session with the member and a path to it is open.", "peer"),
    _gauge("peer_lost", "", "1 while the member is online and no path reaches it.", "peer"),
    _gauge("peer_relayed", "", "1 while the traffic to the member goes through a relay.", "peer"),
    _gauge("peer_playing", "", "1 while a game runs over the link, by WireGuard's counters.", "peer"),
    _gauge("peer_rtt_seconds", "seconds", "Smoothed round trip on the path in use.", "peer"),
    _gauge("peer_jitter_seconds", "seconds", "Jitter of round trips on the path in use (RFC 3550).", "peer"),
    _gauge("peer_loss_ratio", "ratio", "Share of probes lost on the path in use, 0 to 1.", "peer"),
    _gauge("peer_quality_score", "score", "Quality of the path in use, 0 to 100.", "peer"),
    _gauge("peer_handshake_age_seconds", "seconds", "Time since WireGuard's last handshake with the member.", "peer"),
    _counter("peer_received_bytes_total", "bytes", "Received from the member by WireGuard.", "peer"),
    _counter("peer_sent_bytes_total", "bytes", "Sent to the member by WireGuard.", "peer"),
    _counter("peer_lan_bytes_total", "bytes", "Of both, what the LAN plane carried.", "peer"),
    _counter("peer_moves_total", "", "Moves of the traffic to another path.", "peer"),
    _counter("peer_stalls_total", "", "Stalls of WireGuard's keys after which both ends began anew.", "peer"),
    _gauge("path_open", "", "Open paths to the member, by how their addresses were learnt.", "peer", "kind"),
    _gauge("path_rtt_seconds", "seconds", "Smoothed round trip of the best open path of a kind.", "peer", "kind"),
    _gauge("path_jitter_seconds", "seconds", "Its jitter.", "peer", "kind"),
    _gauge("path_loss_ratio", "ratio", "Share of its probes that were lost, 0 to 1.", "peer", "kind"),
    _gauge("path_quality_score", "score", "Its quality, 0 to 100.", "peer", "kind"),
    _counter("link_refused_total", "", "Probes and signals that the links refused, by reason.", "reason"),
)
_LAN = (
    _counter("lan_forwarded_frames_total", "frames", "Broadcast frames handed to the tunnel, once for each member."),
    _counter("lan_injected_frames_total", "frames", "Broadcast frames of members that this machine received."),
    _counter("lan_leased_frames_total", "frames", "Frames not carried since the members repeat them by themselves."),
    _counter("lan_unwanted_frames_total", "frames", "Frames not carried since the member has no use for them."),
    _counter("lan_deduplicated_frames_total", "frames", "Copies not carried or not injected."),
    _counter("lan_dropped_frames_total", "frames", "Frames refused, by reason.", "reason"),
    _counter("lan_dedup_audited_total", "frames", "Frames that were taken for copies and compared byte by byte."),
    _counter("lan_dedup_false_positives_total", "frames", "Of them, those that were no copies."),
    _counter("lan_events_total", "", "What else the LAN plane's parts did, by their counters' names.", "event"),
    _gauge("lan_standing", "", "What stands in the LAN plane now: leases, ports, bridges, routes.", "what"),
    _counter("guard_refused_packets_total", "packets", "Packets that the party firewall refused."),
    _counter("guard_restored_total", "", "Times that the party firewall was put back after others changed it."),
)
_SERVERS = (
    _gauge("servers_known", "", "Game servers in the list, by how they are known; in two ways counts twice.", "found"),
    _counter("servers_pushed_out_total", "", "Game servers that left the list since there were too many."),
    _counter("server_queries_total", "", "Questions sent to game servers."),
    _counter("server_queries_unanswered_total", "", "Of them, those that nothing answered in time."),
    _counter("server_announcements_total", "", "Announcements of game servers that were read."),
    _counter("server_announcements_shed_total", "", "Announcements not read since a member sent too many."),
    _counter("server_parse_failures_total", "", "Announcements that are broken, by format.", "format"),
)
_GAMES = (
    _gauge("games_running", "", "Games that run on this machine."),
    _gauge("games_events", "", "1 while the kernel tells of new processes, 0 where they are looked for."),
    _counter("games_detected_total", "", "Games that were noticed, by method.", "method"),
    _counter("games_execs_total", "", "Programs that the kernel said were started."),
    _counter("games_dismissed_total", "", "Of them, those that a first look dismissed."),
    _counter("games_rescans_total", "", "Looks at all processes."),
    _counter("games_missed_total", "", "Times that the kernel's events did not fit their buffer."),
)
_CONTROL = (
    _gauge("control_ready", "", "1 while the control server can do its work, as /readyz says."),
    _gauge("control_connections", "", "Connections, logged in or not."),
    _counter("control_connections_ended_total", "", "Connections that have ended."),
    _counter("control_connections_refused_total", "", "Connections refused at the door or later, by reason.", "reason"),
    _counter("control_dropped_messages_total", "", "Messages not sent to clients that read too slowly.", "what"),
    _gauge("control_sessions", "", "Nodes that are logged in."),
    _gauge("control_parties", "", "Parties."),
    _counter("control_requests_total", "", "Requests of nodes, by kind.", "kind"),
    _counter("control_refusals_total", "", "Requests that were refused, by code.", "code"),
    _counter("control_notices_total", "", "Notices sent to nodes, by kind.", "kind"),
    _gauge("control_tasks_waiting", "", "Answers and notices that wait for the disk."),
    _gauge("control_relay_tcp_connections", "", "Connections of nodes that use the relay over WebSocket."),
    _counter("control_relay_tcp_dropped_total", "", "What was dropped of theirs, by reason.", "reason"),
    _gauge("control_relay_up", "", "1 while the relay reports and is well.", "relay"),
    _gauge("control_relay_load_ratio", "ratio", "How full the relay says it is, 0 to 1.", "relay"),
    _counter("journal_changes_total", "", "Changes given to the journal."),
    _counter("journal_deduplicated_total", "", "Of them, those that needed no writing."),
    _counter("journal_written_changes_total", "", "Changes committed."),
    _counter("journal_written_bytes_total", "bytes", "Bytes of their values."),
    _counter("journal_batches_total", "", "Transactions committed."),
    _counter("journal_failures_total", "", "Tries to write that failed."),
    _gauge("journal_waiting", "", "Changes that wait to be written."),
    _gauge("journal_stuck", "", "1 while the last try to write failed."),
    _counter("journal_flush_seconds_total", "seconds", "Time that the transactions took, in all."),
    _gauge("journal_flush_p99_seconds", "seconds", "99th percentile of the last 1024 transactions' times."),
)
_RELAY = (
    _gauge("relay_bindings", "", "Ends that are bound."),
    _gauge("relay_bindings_limit", "", "Ends that can be bound at most."),
    _gauge("relay_load_ratio", "ratio", "How full the relay is by what is scarcest, 0 to 1."),
    _gauge("relay_draining", "", "1 while it is about to stop."),
    _gauge("relay_in_kernel", "", "1 while new pairs are forwarded in the kernel."),
    _gauge("relay_kernel_lines", "", "Lines that the kernel forwards for."),
    _counter("relay_bound_total", "", "Bindings made."),
    _counter("relay_measured_total", "", "STUN requests answered."),
    _counter("relay_forwarded_packets_total", "packets", "Packets forwarded, in whatever mode."),
    _counter("relay_forwarded_bytes_total", "bytes", "Bytes forwarded, in whatever mode."),
    _counter("relay_dropped_packets_total", "packets", "Packets dropped, by reason.", "reason"),
)
_PROCESS = (
    _gauge("build_info", "", "1, with the program's version.", "version"),
    _gauge("process_resident_memory_bytes", "bytes", "Memory of this process that is in RAM."),
    _counter("process_cpu_seconds_total", "seconds", "CPU time of this process, user and system."),
    _gauge("process_open_fds", "", "File descriptors that this process has open."),
    _gauge("process_max_fds", "", "File descriptors that it may have open."),
    _gauge("process_uptime_seconds", "seconds", "Time since the service began."),
    _gauge("reactor_lag_seconds", "seconds", "How late a timer was at worst in the last second."),
    _counter("reactor_stalls_total", "", "Times that the reactor did not turn; the log names who held it up."),
    _counter("reactor_stalled_seconds_total", "seconds", "How long it did not turn, in all."),
    _gauge("sampler_seconds", "seconds", "Time that the last reading of all sources took in the reactor."),
    _counter("sampler_failures_total", "", "Readings of a source that failed.", "source"),
    _gauge("metrics_memory_bytes", "bytes", "Memory of the metrics' rings and histories."),
    _counter("metrics_buffer_fills_total", "", "Rings that were full, so that their oldest samples were aggregated."),
    _counter("metrics_aggregations_total", "", "Aggregates made."),
    _counter("metrics_refused_samples_total", "", "Samples not kept since there were too many series."),
    _gauge("metrics_history_series", "", "Series whose history is on disk."),
    _gauge("metrics_history_waiting", "", "Minutes, hours and days of series that wait for the disk."),
    _counter("metrics_history_written_total", "", "Of them, those that were written."),
    _counter("metrics_history_failures_total", "", "Tries to write them that failed."),
    _counter(
        "metrics_history_dropped_total",
        "",
        "Rows that no file can hold, or a damaged one took; series lost.",
    ),
    _gauge("alerts_firing", "", "Alerts that fire now.", "alert"),
    _counter("alerts_fired_total", "", "Alerts that have fired.", "alert"),
    _counter("webhook_posts_total", "", "Posts to the webhook that were taken."),
    _counter("webhook_failures_total", "", "Posts to the webhook that failed."),
    _counter("webhook_dropped_total", "", "Lines that were not posted."),
    _counter("calls_total", "", "Calls of a timed operation.", "call"),
    _counter("call_failures_total", "", "Of them, those that failed.", "call"),
    _counter("call_seconds_total", "seconds", "Time that they took, in all.", "call"),
    _gauge("call_longest_seconds", "seconds", "The longest of them.", "call"),
)

METRICS: tuple[Metric, ...] = (*_NODE, *_LAN, *_GAMES, *_SERVERS, *_CONTROL, *_RELAY, *_PROCESS)
"""All metrics of all roles."""
BY_NAME: dict[str, Metric] = {metric.name: metric for metric in METRICS}
"""The same by name."""

_KEPT = (
    *("peer_rtt_seconds", "peer_jitter_seconds", "peer_loss_ratio", "peer_quality_score", "peer_up"),
    *("peer_received_bytes_total", "peer_sent_bytes_total", "peer_handshake_age_seconds"),
    *("path_rtt_seconds", "path_quality_score"),
    *("lan_forwarded_frames_total", "lan_injected_frames_total", "lan_deduplicated_frames_total"),
    *("control_connections", "control_sessions", "journal_waiting", "journal_flush_p99_seconds"),
    *("relay_load_ratio", "relay_bindings", "relay_forwarded_bytes_total", "relay_forwarded_packets_total"),
    *("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "reactor_lag_seconds"),
)
KEPT: tuple[Metric, ...] = tuple(BY_NAME[PREFIX + name] for name in _KEPT)
"""Those with a history: a series' ring takes 160 kB, so it is not kept of every counter of every reason."""


def full_name(text: str) -> str:
    """A metric's name as a user may type it: the prefix may be left out."""
    return text if text.startswith(PREFIX) else PREFIX + text


def table(metrics: Iterable[Metric] = METRICS) -> list[str]:
    """A line for each metric: name, kind, unit and labels; what a change of them is noticed by."""
    return sorted(" ".join((m.name, m.kind, m.unit or "-", ",".join(m.labels) or "-")) for m in metrics)


def reference(metrics: Iterable[Metric] = METRICS) -> str:
    """The table as reST; ``docs/operations/monitoring.rst`` holds exactly this."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 40 15 45", ""]
    lines += ["   * - metric", "     - labels", "     - what"]
    for metric in metrics:
        labels = " ".join(f"``{name}``" for name in metric.labels)
        lines += [f"   * - ``{metric.name}``", f"     - {labels}", f"     - {metric.help}"]
    return "\n".join(lines) + "\n"
