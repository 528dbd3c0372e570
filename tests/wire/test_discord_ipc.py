"""Discord's frames: what is written is read, in whatever pieces it comes, and nonsense is refused."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.discord_activity import Activity
from lanrage.errors import DecodeError
from lanrage.wire.discord_ipc import (
    FRAME_LIMIT,
    HEADER,
    Answered,
    Closed,
    Frame,
    FrameReader,
    JoinWanted,
    Opcode,
    Other,
    Pinged,
    Ready,
    close,
    encode_frame,
    handshake,
    pong,
    read,
    set_activity,
    subscribe,
)
from tests.fakes_discord import CLIENT_ID, check_activity

frames = st.builds(Frame, st.sampled_from(Opcode), st.binary(max_size=200))
lines = st.text(min_size=2, max_size=128)
activities = st.builds(
    Activity,
    lines,
    st.just("") | lines,
    st.just("") | st.just("0123456789abcdef"),
    st.integers(0, 8),
    st.integers(8, 64),
    st.integers(0, 2**33),
    st.just("") | st.just("LR1-s3cret"),
)


def said(value: Any, opcode: Opcode = Opcode.FRAME) -> Frame:
    """A frame of Discord's."""
    return Frame(opcode, json.dumps(value).encode())


class FrameTests(SynchronousTestCase):
    """Framing."""

    @given(st.lists(frames, max_size=6), st.lists(st.integers(0, 1000), max_size=8))
    def test_pieces(self, many: list[Frame], cuts: list[int]) -> None:
        """Any number of frames in any pieces."""
        data = b"".join(map(encode_frame, many))
        edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
        reader, found = FrameReader(), []
        for start, end in pairwise(edges):
            found += reader.feed(data[start:end])
        self.assertEqual(many, found)

    def test_header(self) -> None:
        """Little-endian opcode and length (discord-rpc, "hard mode")."""
        self.assertEqual(b"\x03\x00\x00\x00\x02\x00\x00\x00{}", encode_frame(Frame(Opcode.PING, b"{}")))

    def test_refused(self) -> None:
        """A length that fills the memory, an opcode that is none: at once, before more is waited for."""
        for header in (HEADER.pack(1, FRAME_LIMIT + 1), HEADER.pack(5, 0), HEADER.pack(2**32 - 1, 2)):
            with self.assertRaises(DecodeError):
                FrameReader().feed(header)
        with self.assertRaises(DecodeError):
            encode_frame(Frame(Opcode.FRAME, b"x" * (FRAME_LIMIT + 1)))
        self.assertEqual([], FrameReader().feed(HEADER.pack(1, FRAME_LIMIT)))


class SaidTests(SynchronousTestCase):
    """What is sent."""

    def test_handshake(self) -> None:
        """Version and application, before all else."""
        frame = handshake(CLIENT_ID)
        self.assertEqual((Opcode.HANDSHAKE, {"v": 1, "client_id": CLIENT_ID}), (frame.opcode, json.loads(frame.data)))

    def test_commands(self) -> None:
        """As Discord wants them."""
        self.assertEqual(
            {"cmd": "SUBSCRIBE", "args": {}, "evt": "ACTIVITY_JOIN", "nonce": "1"},
            json.loads(subscribe("ACTIVITY_JOIN", "1").data),
        )
        self.assertEqual(
            {"cmd": "SET_ACTIVITY", "args": {"pid": 7, "activity": None}, "nonce": "2"},
            json.loads(set_activity(None, 7, "2").data),
        )
        whole = Activity("Teeworlds", "Hosting", "ab" * 16, 2, 16, 1_790_000_000, "LR1-x")
        self.assertEqual(
            {
                "details": "Teeworlds",
                "state": "Hosting",
                "instance": False,
                "timestamps": {"start": 1_790_000_000},
                "party": {"id": "ab" * 16, "size": [2, 16]},
                "secrets": {"join": "LR1-x"},
            },
            json.loads(set_activity(whole, 7, "3").data)["args"]["activity"],
        )
        self.assertEqual((Opcode.PONG, b"[1]"), (pong(Frame(Opcode.PING, b"[1]")).opcode, pong(said([1])).data))
        self.assertEqual((Opcode.CLOSE, b"{}"), (close().opcode, close().data))

    @given(activities)
    def test_any(self, activity: Activity) -> None:
        """Discord's own checks pass; a secret goes with a party alone."""
        shown = json.loads(set_activity(activity, 7, "1").data)["args"]["activity"]
        check_activity(shown)
        self.assertEqual("secrets" in shown, bool(activity.join and activity.party_id and activity.members))
        self.assertNotIn("s3cret", repr(activity))


class HeardTests(SynchronousTestCase):
    """What comes."""

    def test_each(self) -> None:
        """All that is of concern, and what is not."""
        ping = said({"a": 1}, Opcode.PING)
        joined = said({"cmd": "DISPATCH", "evt": "ACTIVITY_JOIN", "data": {"secret": "x"}, "nonce": None})
        for frame, heard in (
            (said({"cmd": "DISPATCH", "evt": "READY", "data": {"v": 1}, "nonce": None}), Ready()),
            (joined, JoinWanted("x")),
            (said({"cmd": "DISPATCH", "evt": "ACTIVITY_JOIN", "data": {"secret": 5}}), Other()),
            (said({"cmd": "DISPATCH", "evt": "ACTIVITY_JOIN", "data": []}), Other()),
            (said({"cmd": "SET_ACTIVITY", "evt": None, "nonce": "3", "data": None}), Answered("3")),
            (said({"cmd": "X", "evt": "ERROR", "nonce": "3", "data": {"message": "no"}}), Answered("3", "no")),
            (said({"cmd": "X", "evt": "ERROR", "nonce": "3", "data": {}}), Answered("3", "no reason is given")),
            (said({"cmd": "X"}), Other()),
            (said({"code": 4000, "message": "Invalid Client ID"}, Opcode.CLOSE), Closed(4000, "Invalid Client ID")),
            (Frame(Opcode.CLOSE, b""), Closed(0, "")),
            (ping, Pinged(ping)),
        ):
            self.assertEqual(heard, read(frame))
        self.assertNotIn("s3cret", repr(JoinWanted("s3cret")))

    @given(st.sampled_from(Opcode), st.binary(max_size=60) | st.just(b"[" * 100_000))
    def test_any(self, opcode: Opcode, data: bytes) -> None:
        """Nonsense is refused by one kind of error."""
        try:
            read(Frame(opcode, data))
        except DecodeError:
            pass
