"""The LAN plane's content deduplication: decisions a second, bytes a datagram, an exact set and a Bloom filter."""

from __future__ import annotations

import argparse
import gc
import math
import time
import tracemalloc
from collections.abc import Callable, Sequence
from hashlib import blake2b
from statistics import median
from typing import Any

import attrs

from lanrage.core.broadcast_dedup import MAX_DIGESTS, BroadcastDeduplicator
from tests.strategies_lan import ME, beacon

PAYLOAD_BYTES = 100
BASE_FRAME = beacon(source=ME, payload=bytes(PAYLOAD_BYTES))
NUMBER_AT = 42
"""Where the payload starts in a frame; the first eight bytes of it tell frames apart."""

DIGEST_BYTES = 8
DECISION_RATIO = 0.6
"""Of the decisions a second that a bare hash and a look into a set allow: the rest finds the fields and keeps time."""
BLOOM_RATE = 0.001
"""False positives that a Bloom filter is sized for: what users ask at most."""


def run(words: Sequence[str]) -> dict[str, Any]:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench dedup", description=__doc__)
    parser.add_argument("--frames", type=int, default=8_000, help="different frames of a timed round [8000]")
    parser.add_argument("--rounds", type=int, default=25, help="timed rounds, ours and plain in turn [25]")
    parser.add_argument("--distinct", type=int, default=1_000_000, help="different frames in all [1000000]")
    chosen = parser.parse_args(words)
    figures = _speed(frames(chosen.frames), chosen.rounds)
    figures |= _memory(chosen.frames)
    figures["false_positives"] = false_positives(chosen.distinct)
    figures["false_positives_of"] = chosen.distinct
    figures["ok"] = figures["decision_ratio"] >= DECISION_RATIO and figures["false_positives"] == 0
    return figures


def frames(count: int) -> list[bytes]:
    """Frames of 142 bytes that differ in their payload alone."""
    return [numbered(number) for number in range(count)]


def numbered(number: int) -> bytes:
    """The frame with this number."""
    return BASE_FRAME[:NUMBER_AT] + number.to_bytes(8, "big") + BASE_FRAME[NUMBER_AT + 8 :]


FLOOD_RATE = 50_000.0
"""Packets a second of the flood in which memory is measured."""


@attrs.define
class Bloom:
    """A Bloom filter with double hashing (Kirsch and Mitzenmacher 2006) in a ``bytearray``.

    :param expected: entries that it is sized for at :data:`BLOOM_RATE`.
    """

    expected: int
    bits: bytearray = attrs.field(init=False)
    hashes: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        size = math.ceil(-self.expected * math.log(BLOOM_RATE) / math.log(2) ** 2)
        self.bits = bytearray(-(-size // 8))
        self.hashes = round(size / self.expected * math.log(2))

    def seen(self, frame: bytes) -> bool:
        """Whether it was probably there; it is from now on."""
        digest = blake2b(frame, digest_size=16).digest()
        one, two = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big") | 1
        bits, size, known = self.bits, len(self.bits) * 8, True
        for number in range(self.hashes):
            place = (one + number * two) % size
            byte, bit = place >> 3, 1 << (place & 7)
            if not bits[byte] & bit:
                known = False
                bits[byte] |= bit
        return known


def _speed(sample: list[bytes], rounds: int) -> dict[str, float]:
    """Each round anew: half of the frames are known (from another card), half are not."""
    known = sample[::2]
    ours, plain, bloom = [], [], []
    for _ in range(rounds):
        ours.append(_ours_ns(known, sample))
        plain.append(_plain_ns(known, sample))
        bloom.append(_bloom_ns(known, sample))
    ratios = [bare / own for own, bare in zip(ours, plain, strict=True)]
    return {
        "decisions_per_s": round(1e9 / median(ours)),
        "decision_ratio": round(median(ratios), 3),
        "ours_ns": round(median(ours)),
        "plain_set_ns": round(median(plain)),
        "bloom_ns": round(median(bloom)),
    }


def _ours_ns(known: list[bytes], sample: list[bytes]) -> float:
    decide = BroadcastDeduplicator().is_copy
    for frame in known:
        decide(frame, 2, 1.0)
    began = time.perf_counter_ns()
    for frame in sample:
        decide(frame, 1, 1.0)
    return (time.perf_counter_ns() - began) / len(sample)


def _plain_ns(known: list[bytes], sample: list[bytes]) -> float:
    """What cannot be undercut: the hash of the bytes as they are, and a look into a set that nobody bounds."""
    digests = {blake2b(frame, digest_size=DIGEST_BYTES).digest() for frame in known}
    hits = 0
    began = time.perf_counter_ns()
    for frame in sample:
        if blake2b(frame, digest_size=DIGEST_BYTES).digest() in digests:
            hits += 1
    took = time.perf_counter_ns() - began
    assert hits == len(known)
    return took / len(sample)


def _bloom_ns(known: list[bytes], sample: list[bytes]) -> float:
    seen = Bloom(len(sample)).seen
    for frame in known:
        seen(frame)
    began = time.perf_counter_ns()
    for frame in sample:
        seen(frame)
    return (time.perf_counter_ns() - began) / len(sample)


def _memory(count: int) -> dict[str, float]:
    """Bytes a remembered datagram, and the peak while 50,000 different ones a second come for a window."""
    dedup = BroadcastDeduplicator()
    _, held = _allocated(lambda: [dedup.is_copy(numbered(number), 1, 1.0) for number in range(count)])
    flooded = BroadcastDeduplicator()
    packets = int(FLOOD_RATE * flooded.window)

    def flood() -> None:
        for number in range(packets):
            flooded.is_copy(numbered(number), 1, number / FLOOD_RATE)

    peak, _ = _allocated(flood)
    return {
        "bytes_per_digest": round(held / len(dedup), 1),
        "bloom_bytes_per_digest": round(len(Bloom(count).bits) / count, 2),
        "flood_peak_mib": round(peak / 2**20, 2),
        "flood_remembered": len(flooded),
        "flood_bound": 2 * MAX_DIGESTS,
    }


def _allocated(work: Callable[[], object]) -> tuple[int, int]:
    """Bytes allocated at the most, and those still held at the end."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak, held


def false_positives(distinct: int) -> int:
    """How many of so many different datagrams are taken for copies, on two cards in turn."""
    dedup = BroadcastDeduplicator()
    return sum(
        dedup.is_copy(numbered(number), 1 + number % 2, number * dedup.window / MAX_DIGESTS)
        for number in range(distinct)
    )
