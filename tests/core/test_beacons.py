"""Announcements with a field that is known to change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.beacons import ends, follows, later, template
from lanrage.core.frame_rules import canonical
from lanrage.core.lan_frames import Frame, Ipx, Udp
from tests.strategies_lan import frames, udp


def tick(value: int) -> Frame:
    """A beacon of melonDS."""
    payload = b"LAND\1\0\0\0" + value.to_bytes(4, "little") + bytes(67)
    return canonical(udp(destination_port=7063, payload=payload))


def info(uptime: int) -> Frame:
    """A description of a Warcraft III game."""
    payload = b"\xf7\x30" + bytes(60) + uptime.to_bytes(4, "little") + b"\xe0\x17"
    return canonical(udp(destination_port=6112, payload=payload))


class BeaconTests(SynchronousTestCase):
    """The known formats, and all others."""

    @given(st.integers(0, 2**32 - 1), st.floats(0, 10**6))
    def test_clock(self, value: int, seconds: float) -> None:
        """The field grows by its rate and wraps; the rest stays; the later one follows the one before."""
        moved = later(tick(value), seconds)
        self.assertEqual(moved, tick((value + int(seconds * 1000)) % 2**32))
        self.assertEqual(template(moved), template(tick(value)))
        self.assertTrue(follows(tick(value), moved, seconds))
        self.assertEqual(later(info(value), seconds), info((value + int(seconds)) % 2**32))

    def test_jump(self) -> None:
        """A clock that jumped is another announcement."""
        self.assertFalse(follows(tick(50_000), tick(1_000), 1.0))
        self.assertFalse(follows(info(50), info(0), 5.0))
        self.assertTrue(follows(info(50), info(54), 5.0))

    @given(frames())
    def test_any(self, frame: Frame) -> None:
        """Any frame has a template, which is its own; without a known field that is the frame."""
        form = template(frame)
        self.assertEqual(template(form), form)
        if isinstance(frame.content, Ipx) or frame.content.destination_port not in (7063, 6112):
            self.assertEqual((form, later(frame, 5.0), ends(frame)), (frame, frame, False))
        elif isinstance(form.content, Udp):
            self.assertEqual(len(form.content.payload), len(frame.content.payload))

    def test_short(self) -> None:
        """What is too short for its field is left as it is."""
        short = canonical(udp(destination_port=7063, payload=b"LAND\1\0\0\0abc"))
        self.assertEqual(later(short, 5.0), short)
        tiny = canonical(udp(destination_port=6112, payload=b"\xf7\x30\0\0\0\0"))
        self.assertEqual(later(tiny, 5.0), tiny)

    def test_ends(self) -> None:
        """The closing word of Warcraft III."""
        self.assertTrue(ends(canonical(udp(destination_port=6112, payload=b"\xf7\x33\x08\0\1\0\0\0"))))
        self.assertFalse(ends(canonical(udp(destination_port=6113, payload=b"\xf7\x33\x08\0\1\0\0\0"))))
