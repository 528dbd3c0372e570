"""Beside the speed: a victim next to a flooder, what strangers get, and ten thousand pairs."""

from __future__ import annotations

import os
import socket
import statistics
import time
from pathlib import Path
from typing import Any

from lanrage.core.relay import Bind, BindRequest, Challenge, Unbind
from lanrage.wire.relay import decode, encode
from tests.bench.relay_load import quantile, round_trips
from tests.bench.relay_net import FIRST, FLOOD, STRANGER, Net, end, kernel_memory, own_memory
from tests.bench.relay_ways import KERNEL, OPEN, USERSPACE, Ways
from tests.namespaces import Namespace
from tests.relay_hosts import RelayProcess

OURS = (KERNEL, USERSPACE)
FLOOD_RATE = 20_000.0
"""Packets a second: four times what one binding may send."""
SETTLE = 0.3
"""Seconds until the flooder's process sends."""
STRANGE = 50
"""Packets of each kind that a stranger sends."""


def victim(net: Net, ways: Ways, rounds: int, trips: int) -> dict[str, Any]:
    """p99 of the timed pair's round trips beside a flooder, and idle, by turns: medians, and of the ratios."""
    figures: dict[str, Any] = {}
    for way in OURS:
        quiet, beside = [], []
        front = net.addresses(way)[1]
        for _ in range(rounds):
            quiet.append(quantile(round_trips(net, ways.aims[way], trips), 0.99))
            flooder = net.run_child("tests.bench.relay_flood", FLOOD, front, str(FIRST), str(FLOOD_RATE))
            time.sleep(SETTLE)
            beside.append(quantile(round_trips(net, ways.aims[way], trips), 0.99))
            end(flooder)
        dropped = ways.relays[way].tell()["dropped_limited"]
        figures[way] = {
            "idle_p99_us": round(statistics.median(quiet)),
            "beside_p99_us": round(statistics.median(beside)),
            "ratio": round(statistics.median(b / q for b, q in zip(beside, quiet, strict=True)), 2),
            "dropped": dropped,
        }
    return figures


def strangers(net: Net, ways: Ways) -> dict[str, Any]:
    """Bytes of payload out per byte in, by what a stranger sends; and packets that reached anybody else (must be 0)."""
    figures: dict[str, Any] = {}
    own = net.anna[STRANGER]
    for way in OURS:
        front = net.addresses(way)[1]
        before = ways.relays[way].tell()
        found = {name: _factor(own, (front, FIRST), datagram) for name, datagram in kinds(own, front).items()}
        after = ways.relays[way].tell()
        figures[way] = found | {"forwarded": after["packets"] - before["packets"]}
    return figures


def kinds(own: socket.socket, front: str) -> dict[str, bytes]:
    """What strangers send."""
    own.settimeout(1)
    own.sendto(encode(BindRequest(b"stranger")), (front, FIRST))
    given = decode(own.recv(2048))
    assert isinstance(given, Challenge)
    return {
        "data": b"\x04" + bytes(63),
        "data_handshake": b"\x01" + bytes(147),
        "data_probe": b"LRNG" + bytes(60),
        "data_tiny": b"\x04",
        "control_bind_request": encode(BindRequest(b"stranger")),
        "control_wrong_cookie": encode(Bind(b"stranger", bytes(16), bytes(64), bytes(200))),
        "control_no_ticket": encode(Bind(b"stranger", given.cookie, bytes(64), bytes(200))),
        "control_unbind": encode(Unbind(b"stranger")),
        "control_rubbish": b"LRRL" + bytes(60),
    }


def _factor(own: socket.socket, to: tuple[str, int], datagram: bytes) -> float:
    got = 0
    own.settimeout(0.002)
    for number in range(STRANGE + 50):
        if number < STRANGE:
            own.sendto(datagram, to)
        try:
            got += len(own.recv(2048))
        except TimeoutError:
            if number >= STRANGE:
                break
    return round(got / (STRANGE * len(datagram)), 3)


def held(folder: Path, pairs: int) -> dict[str, Any]:
    """So many pairs bound at one relay, through its table: the memory that one takes, and how long loading took."""
    figures: dict[str, Any] = {"pairs": pairs}
    for way in OURS:
        where = Namespace()
        try:
            where.run("ip link add wan type veth peer name far; ip link set wan up; ip link set far up")
            where.run("ip addr add 192.0.2.1/24 dev wan; ip route add default via 192.0.2.2")
            limits = OPEN | {"bindings": 2 * pairs}
            relay = RelayProcess(where, {"mode": way, "folder": str(folder / f"held-{way}"), "limits": limits})
            try:
                figures[way] = _held(relay, way, pairs)
            finally:
                relay.kill()
        finally:
            where.close()
    return figures


def _held(relay: RelayProcess, way: str, pairs: int) -> dict[str, Any]:
    process, kernel, began = own_memory(relay.pid), kernel_memory(), time.monotonic()
    words = relay.tell(f"load {pairs}")
    if way == KERNEL:
        words = relay.until(kernel_lines=2 * pairs)
    lasted = time.monotonic() - began
    found = {
        "held": words["bindings"] // 2,
        "process_bytes_per_pair": round((own_memory(relay.pid) - process) / pairs),
        "load_seconds": round(lasted, 2),
    }
    if way == KERNEL:
        found["kernel_bytes_per_pair"] = round((kernel_memory() - kernel) / pairs)
        found["kernel_lines"] = words["kernel_lines"]
    return found


def is_root() -> bool:
    """Namespaces need it."""
    return os.geteuid() == 0
