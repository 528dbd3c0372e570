"""A router that holds each packet back for a time: this kernel has no netem, so a TUN device and a heap do it.

Run inside the WAN's namespace: ``python -m lanrage.lab.delay CONFIG``; SIGHUP reads the configuration again.
The configuration is JSON: ``{"": MS, "SOURCE DESTINATION": MS}`` (:func:`lanrage.lab.conditions.delays`).
"""

from __future__ import annotations

import fcntl
import heapq
import json
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path

import attrs

from lanrage.lab.conditions import DELAY_DEVICE, DELAY_MARK
from lanrage.lab.netns import ip_batch, run

QUEUE_LIMIT = 20_000
"""Packets held at once, 30 MB of full ones; more are dropped, as a real router's queue would."""

READ_BATCH = 64
"""Packets read before the clock is looked at again."""

PACKET_BYTES = 65_536
TABLE = 100
"""The routing table that leads to the device."""

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


@attrs.define
class DelayQueue:
    """Packets with the times at which they may go on, in the order of these times."""

    table: dict[bytes, float]
    default: float
    limit: int = QUEUE_LIMIT
    dropped: int = 0
    _heap: list[tuple[float, int, bytes]] = attrs.field(factory=list)
    _number: int = 0

    def push(self, packet: bytes, now: float) -> None:
        """Take a packet that arrived at `now` (seconds)."""
        if len(self._heap) >= self.limit:
            self.dropped += 1
            return
        wait = self.table.get(way_of(packet), self.default)
        self._number += 1
        heapq.heappush(self._heap, (now + wait, self._number, packet))

    def due(self, now: float) -> list[bytes]:
        """The packets whose time has come."""
        ready = []
        while self._heap and self._heap[0][0] <= now:
            ready.append(heapq.heappop(self._heap)[2])
        return ready

    def wait(self, now: float) -> float | None:
        """Seconds until the next packet may go on; None when there is none."""
        return max(0.0, self._heap[0][0] - now) if self._heap else None


def way_of(packet: bytes) -> bytes:
    """Source and destination of a packet: IPv4 addresses (RFC 791), or the /64s of IPv6 ones (RFC 8200)."""
    return packet[12:20] if packet[0] >> 4 == 4 else packet[8:16] + packet[24:32]


def read_table(text: str) -> tuple[dict[bytes, float], float]:
    """Read a configuration: seconds by source and destination as :func:`way_of` has them, and the default."""
    raw: dict[str, float] = json.loads(text)
    default = raw.pop("", 0.0) / 1000
    return {b"".join(_packed(word) for word in key.split()): ms / 1000 for key, ms in raw.items()}, default


def _packed(word: str) -> bytes:
    return ip_network(word).network_address.packed[:8]


def open_device() -> int:
    """Make the TUN device in this namespace and lead the marked packets to it."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH14x", DELAY_DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
    os.set_blocking(device, False)
    ip_batch(None, [f"link set {DELAY_DEVICE} txqueuelen {QUEUE_LIMIT} up"])
    for family in _families():
        _lead(family)
    return device


def _families() -> Iterable[str]:
    """The families that this namespace routes."""
    switch = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")
    return ("-4", "-6") if switch.exists() and int(switch.read_text(encoding="ascii")) == 0 else ("-4",)


def _lead(family: str) -> None:
    run(["ip", family, "route", "replace", "default", "dev", DELAY_DEVICE, "table", str(TABLE)])
    rule = ["fwmark", str(DELAY_MARK), "lookup", str(TABLE)]
    if f"lookup {TABLE}" not in run(["ip", family, "rule", "list"]):
        run(["ip", family, "rule", "add", *rule])


def serve(device: int, queue: DelayQueue, config: Path, wake: int) -> None:
    """Move packets until the process is ended."""
    while True:
        readable = select.select([device, wake], [], [], queue.wait(time.monotonic()))[0]
        if wake in readable:
            os.read(wake, READ_BATCH)
            queue.table, queue.default = read_table(config.read_text(encoding="utf-8"))
        if device in readable:
            _fill(device, queue)
        for packet in queue.due(time.monotonic()):
            _write(device, packet)


def _fill(device: int, queue: DelayQueue) -> None:
    now = time.monotonic()
    for _ in range(READ_BATCH):
        try:
            packet = os.read(device, PACKET_BYTES)
        except BlockingIOError:
            return
        if packet[0] >> 4 in (4, 6):
            queue.push(packet, now)


def _write(device: int, packet: bytes) -> None:
    try:
        os.write(device, packet)
    except OSError:
        return  # refused by the kernel (malformed, no route): lost, as on any WAN


def main() -> None:
    """Entry of the process: ``CONFIG`` is the one argument; ``CONFIG.ready`` appears when packets flow."""
    config = Path(sys.argv[1])
    wake, trigger = os.pipe()
    for end in (wake, trigger):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(trigger)
    signal.signal(signal.SIGHUP, lambda _number, _frame: None)
    queue = DelayQueue(*read_table(config.read_text(encoding="utf-8")))
    device = open_device()
    config.with_suffix(".ready").touch()
    serve(device, queue, config, wake)


if __name__ == "__main__":
    main()
