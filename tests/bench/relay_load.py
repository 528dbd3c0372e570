"""What is measured of one way: packets a second, and round trips."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from lanrage.wire.relay import MAGIC
from tests.bench.relay_blast import PAYLOAD
from tests.bench.relay_net import ECHO, LOCALS, SOCKETS, Net

LOADS = ((slice(0, None),), (slice(0, None, 2), slice(1, None, 2)))
"""One process that sends from all sockets, or two with half of them each. A way counts by what suits it better: those
in the kernel run in the senders' time and use both cores with two; a relay that is a process wants a core."""
QUIET = 4
"""Looks in a row, 10 ms apart, at which nothing more arrived: what waited in a relay's buffers has come out."""
WAIT = 0.25
"""Seconds until a round trip counts as lost."""
LOST = 20
"""Round trips of one round that may be lost."""


@attrs.frozen
class Aim:
    """Where Anna sends so that it reaches Ben.

    :param to: of each of her sockets, where its packets go, in turn; :data:`tests.bench.relay_net.LOCALS` of them.
    :param echo: of the timed pair.
    :param heads: bytes before each payload.
    :param echo_head: likewise, of the timed pair.
    """

    to: list[list[tuple[str, int]]]
    echo: tuple[str, int]
    heads: list[list[bytes]] | None = None
    echo_head: bytes = b""


@attrs.frozen
class Rate:
    """One round.

    :param wall: packets that reached Ben, a second.
    :param cpu: the same, a second of the senders' processor time; a way in the kernel takes no other.
    :param lost: share of what was sent that did not reach him.
    """

    wall: float
    cpu: float
    lost: float


class Generator:
    """Processes that send as fast as they can from Anna's sockets; see :data:`LOADS`."""

    def __init__(self, net: Net, aims: dict[str, Aim], folder: Path) -> None:
        self._loads = [[_start(net, aims, folder, part) for part in load] for load in LOADS]

    def best(self, way: str, seconds: float, count: Callable[[], int]) -> Rate:
        """The better of the loads."""
        rates = [self._blast(way, seconds, count, load) for load in self._loads]
        return max(rates, key=lambda rate: rate.wall)

    def _blast(self, way: str, seconds: float, count: Callable[[], int], load: list[subprocess.Popen[bytes]]) -> Rate:
        """Send for so long, and wait until all that is under way has arrived."""
        before, began = count(), time.monotonic()
        for process in load:
            assert process.stdin is not None
            process.stdin.write(f"{way} {seconds}\n".encode())
            process.stdin.flush()
        answers = [json.loads(_line(process)) for process in load]
        got, ended, quiet = count(), time.monotonic(), 0
        while quiet < QUIET:
            time.sleep(0.01)
            now = count()
            quiet = quiet + 1 if now == got else 0
            if not quiet:
                got, ended = now, time.monotonic()
        sent, cpu = sum(answer[0] for answer in answers), sum(answer[1] for answer in answers)
        return Rate((got - before) / (ended - began), (got - before) / cpu, 1 - (got - before) / sent)


def _start(net: Net, aims: dict[str, Aim], folder: Path, part: slice) -> subprocess.Popen[bytes]:
    numbers = range(SOCKETS)[part]
    path = folder / f"blast{numbers.start}-{numbers.step}.json"
    targets = {way: _targets(net, aim, numbers) for way, aim in aims.items()}
    path.write_text(json.dumps(targets), encoding="ascii")
    argv = [sys.executable, "-m", "tests.bench.relay_blast", str(path)]
    given = [net.anna[number].fileno() for number in numbers]
    process = net.run_here(argv, pass_fds=given, stdin=subprocess.PIPE)
    assert _line(process) == b"ready\n"
    return process


def _targets(net: Net, aim: Aim, numbers: range) -> list[Any]:
    found = []
    for number in numbers:
        heads = aim.heads[number] if aim.heads else [b""] * LOCALS
        each = [(*to, head.hex()) for to, head in zip(aim.to[number], heads, strict=True)]
        found.append((net.anna[number].fileno(), each))
    return found


def _line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def round_trips(net: Net, aim: Aim, number: int) -> list[float]:
    """So many round trips, one after another, in microseconds; lost ones count as :data:`WAIT`.

    :raises AssertionError: when nothing comes back any more: the way is broken, and no figure of it means anything.
    """
    own = net.anna[ECHO]
    own.settimeout(WAIT)
    times: list[float] = []
    lost = 0
    for _ in range(number):
        began = time.perf_counter()
        own.sendto(aim.echo_head + PAYLOAD, aim.echo)
        while True:
            try:
                data = own.recv(2048)
            except TimeoutError:
                lost += 1
                assert lost < LOST, f"nothing comes back from {aim.echo}"
                break
            if not data.startswith(MAGIC):
                break
        times.append((time.perf_counter() - began) * 1e6)
    return times


def quantile(values: list[float], share: float) -> float:
    """Of a sample."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
