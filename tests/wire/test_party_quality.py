"""The messages of paths and clocks: figures come through as fine as they are told, a whole party's in one datagram."""

from __future__ import annotations

from ipaddress import IPv4Address

import msgspec
from hypothesis import given, settings
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.path_reports import ROWS_LIMIT, PathTold
from lanrage.core.traffic import SILENT_BYTES
from lanrage.errors import DecodeError
from lanrage.wire.frames import tunnel_bytes
from lanrage.wire.party_channel import DATAGRAM_LIMIT, seal, unseal
from lanrage.wire.party_quality import CLOCK_LIMIT, LOSS_STEPS, TIME_LIMIT, ClockAsk, PathRow, Quality
from tests.strategies_quality import reports
from tests.wire.test_party_channel import KEY, NONCE, A, B, sealed


def size(message: Quality | ClockAsk) -> int:
    """Bytes of its datagram."""
    return len(seal(message, KEY, sender=A, receiver=B, nonce=NONCE))


class QualityTests(SynchronousTestCase):
    """:class:`Quality`."""

    @settings(max_examples=30)
    @given(reports)
    def test_figures(self, told: dict[IPv4Address, PathTold]) -> None:
        """Kinds as they are, times to a tenth of a millisecond and at most 6.5 s, loss to a thousandth."""
        heard = Quality.of(told.items()).paths()
        self.assertEqual(heard.keys(), told.keys())
        for address, path in told.items():
            other = heard[address]
            self.assertEqual((other.kind, other.rtt is None), (path.kind, path.rtt is None))
            self.assertLessEqual(abs(other.loss - path.loss), 0.000501)
            for one, same in ((path.rtt or 0.0, other.rtt or 0.0), (path.jitter, other.jitter)):
                self.assertLessEqual(abs(same - min(one, 6.5535)), 0.000051)

    def test_sizes(self) -> None:
        """The longest report of the largest party fits; an empty one and a question are as small as what WireGuard need
        not answer."""
        rows = [PathRow(2**32 - 1 - n, "d", TIME_LIMIT, TIME_LIMIT, LOSS_STEPS) for n in range(ROWS_LIMIT)]
        self.assertLessEqual(size(Quality(tuple(rows))), DATAGRAM_LIMIT)
        self.assertLess(tunnel_bytes(size(Quality(()))), SILENT_BYTES)
        self.assertLess(tunnel_bytes(size(ClockAsk(bytes(8)))), SILENT_BYTES)

    def test_refused(self) -> None:
        """Figures out of their bounds, of another type, too many rows or fields, and a member that is named twice."""
        row: list[object] = [1, "d", 10, 10, 10]
        wrong: list[object] = [
            ["quality", [[1, "d", 10, 10]]],
            ["quality", [[*row, 1]]],
            ["quality", [row] * (ROWS_LIMIT + 1)],
            ["quality", row],
            ["quality", [], 1],
            *(
                ["quality", [[*row[:at], value, *row[at + 1 :]]]]
                for at, value in [
                    *((0, each) for each in (-1, 2**32, "10.66.0.2", None)),
                    *((1, each) for each in ("direct", "", 0, None)),
                    *((2, each) for each in (-1, TIME_LIMIT + 1, 0.5, float("nan"))),
                    *((3, each) for each in (-1, TIME_LIMIT + 1, None, float("inf"))),
                    *((4, each) for each in (-1, LOSS_STEPS + 1, 0.5, None)),
                ]
            ),
            ["clock_ask", b"t" * 7],
            ["clock_ask", b"t" * 9],
            ["clock", b"t" * 8, -1],
            ["clock", b"t" * 8, CLOCK_LIMIT],
            ["clock", b"t" * 8, 1.5],
        ]
        for words in wrong:
            with self.assertRaises(DecodeError, msg=str(words)):
                unseal(sealed(msgspec.msgpack.encode(words)), KEY, sender=A, receiver=B)
        twice = Quality((PathRow(7, "d", 1, 1, 1), PathRow(7, "n", None, 0, 0)))
        self.assertRaises(DecodeError, twice.paths)
