"""What a stream's record tells: losses, outages and gaps."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.flow import FLOWING, PAYLOAD, WRAP, Flow, Record
from lanrage.lab.plan import PUBLIC_ADDRESSES
from lanrage.lab.process import wait_for
from lanrage.wire.echo import Echo, checksum, encode_request
from tests.lab.bare import bare_lab


def record(answers: str, interval: float = 0.01) -> Record:
    """One packet a character: ``-`` was lost."""
    sent = [n * interval for n in range(len(answers))]
    return Record(sent, {n for n, letter in enumerate(answers) if letter != "-"})


class RecordTests(SynchronousTestCase):
    """Pure."""

    def test_outage(self) -> None:
        """From the first packet lost until the first of several answered in a row; a single answer is not enough."""
        self.assertEqual(record("....---.--" + "." * FLOWING).outage_ms(0.0), 60.0)
        self.assertEqual(record("." * 20).outage_ms(0.0), 0.0)
        self.assertIsNone(record("...----....").outage_ms(0.0))
        self.assertEqual(record("-" + "." * 9 + "--" + "." * 9).outage_ms(0.05), 20.0)

    def test_lost_in_a_span(self) -> None:
        """Only what was sent within it counts."""
        seen = record("-..--..-")
        self.assertEqual((seen.lost(), seen.lost(0.025), seen.lost(0.025, 0.035)), (4, 3, 1))

    def test_gap(self) -> None:
        """Between two answers with losses between them; none without losses."""
        self.assertEqual(record("..--.-..").longest_gap_ms(), 30.0)
        self.assertEqual(record("....").longest_gap_ms(), 0.0)

    @given(st.text("-.", max_size=80), st.floats(0, 1))
    def test_whatever_was_answered(self, answers: str, since: float) -> None:
        """An outage is never negative nor longer than the stream, and is 0 exactly when nothing was lost after."""
        seen = record(answers)
        outage = seen.outage_ms(since)
        self.assertEqual(outage == 0.0, seen.lost(since) == 0)
        if outage is not None:
            self.assertLessEqual(0.0, outage)
            self.assertLessEqual(outage, 10 * len(answers))

    @given(st.integers(1, 3 * WRAP), st.integers(0, WRAP - 1))
    def test_numbers(self, count: int, back: int) -> None:
        """A sequence number of 16 bits is the newest packet's that has it."""
        seen = Record([0.0] * count)
        number = count - 1 - back
        self.assertEqual(seen.number(number % WRAP), number if number >= 0 else None)

    def test_payload(self) -> None:
        """An echo with a payload has a right checksum."""
        self.assertEqual(checksum(encode_request(Echo(7, 9, PAYLOAD))), 0)


@pytest.mark.needs("root", "ip", "nft")
class FlowTests(SynchronousTestCase):
    """Real packets."""

    def test_cut(self) -> None:
        """A way that is cut and opened again is an outage with its losses; what comes after is answered."""
        with bare_lab("tflow", "open") as lab:
            host = lab.plan.hosts[0]
            with Flow(host.netns, PUBLIC_ADDRESSES[0]) as flow:
                wait_for("the flow", lambda: flow.resumed(0.0), 5.0)
                lab.change(("h1", "public"), None, None, True)
                cut = len(flow.record.sent)
                wait_for("losses", lambda: len(flow.record.sent) > cut + 10, 5.0)
                lab.change(("h1", "public"), None, None, False)
                opened = flow.record.sent[-1] + 0.1
                wait_for("the flow again", lambda: flow.resumed(opened), 5.0)
            outage = flow.record.outage_ms(0.0)
            assert outage is not None
            self.assertGreaterEqual(outage, 90.0)
            self.assertGreaterEqual(flow.record.longest_gap_ms(), outage)
            self.assertEqual(flow.record.lost(opened), 0)
