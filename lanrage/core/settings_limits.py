"""Defaults and bounds of settings that belong to no rule of the core; the parts that act on them import them."""

from __future__ import annotations

CONTROL_PORT = 7766
"""TCP port of the control channel."""
STUN_PORT = 3478
"""UDP port of the reflector (RFC 8489)."""
RELAY_PORTS = (7800, 7863)
"""UDP ports of the relay: one for each relayed peer of one client, so a full party of 64 fits."""
RELAY_PORTS_LIMIT = 256
"""Ports of one relay; more than a client can use four times over."""

FLUSH_INTERVAL = 0.1
"""Seconds that a change may wait which is not durable: its loss in a crash is of no consequence."""
SHORTEST_INTERVAL = 0.01
"""Below it a batch would seldom hold two changes of one key."""
LONGEST_INTERVAL = 10.0
"""More would save nothing that shows, and a crash would cost the more."""
FLUSH_INTERVAL_MS = (round(SHORTEST_INTERVAL * 1000), round(LONGEST_INTERVAL * 1000))
"""Bounds of the setting ``state.flush_interval``, ms."""

DRAIN = 5.0
"""Seconds that a relay forwards on after it was told to stop: its pairs have moved within two, where there is another
relay; a service manager waits for ten."""
DRAIN_LONGEST = 60.0
"""Seconds; longer than a minute nobody waits for a service to stop."""
LOAD_LIMIT = 10_000_000.0
"""Packets a second; no machine forwards more."""
WEIGHT_LIMIT = 10_000.0
"""Milliseconds; more would be no weight but a rule."""

RELAY_MODES = ("auto", "kernel", "userspace")
"""How a relay forwards."""
TUNNEL_KINDS = ("auto", "kernel", "userspace")
"""How WireGuard runs."""
SERVING = ("allow", "deny")
"""Whether a node serves guests."""
PORT_MAPPING = ("auto", "off")
"""Whether the router is asked to map ports."""
LOG_FORMATS = ("plain", "json")
"""How log lines are written."""
LOG_FILE_SIZE = 10_000_000
"""Bytes after which a file is set aside: a week of a party at INFO."""
LOG_FILE_SIZES = (100_000, 10_000_000_000)
"""Bytes; a smaller file would turn at once at DEBUG."""
LOG_FILE_COUNT = 5
"""Files that are set aside and kept."""
LOG_FILE_COUNTS = (1, 1000)
DEDUP_WINDOWS = (0.05, 60.0)
"""Bounds of the window, s: one send reaches all cards within milliseconds; no announcement's period is longer."""
