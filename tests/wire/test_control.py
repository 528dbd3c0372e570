"""The control channel's messages: round trips, limits, and any bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import DecodeError
from lanrage.wire import control
from lanrage.wire.control import (
    Accepted,
    CreateParty,
    Done,
    FetchInvitation,
    FetchTicket,
    FollowParty,
    InvitationFound,
    JoinParty,
    LeaveParty,
    Notice,
    PublishInvitation,
    RefusedReply,
    RelayInfo,
    Reply,
    Request,
    ReserveAddress,
    Reserved,
    Resync,
    SendSignal,
    Signalled,
    TicketIssued,
    decode,
    decode_opening,
    decode_record,
    encode,
)
from lanrage.wire.control_codec import CODECS, JSON, MESSAGE_LIMIT, SUBPROTOCOLS, Codec, choose, codec_of, versions_of
from lanrage.wire.control_opening import Confirm, Denied, Hello, Login, Welcome
from lanrage.wire.control_party import Delta, Deltas, MemberJoined, MemberLeft, MemberRow, PartyState, Presence
from lanrage.wire.control_reference import messages
from tests.strategies_control import names
from tests.strategies_messages import drawn
from tests.strategies_mutation import mutated

codecs = st.sampled_from(sorted(CODECS.values(), key=lambda codec: codec.name))
keys = st.binary(min_size=32, max_size=32)
signatures = st.binary(min_size=64, max_size=64)
ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
blobs = st.binary(min_size=1, max_size=600)
revisions = st.integers(0, 2**53)
times = st.floats(0, 2**40)
rows = st.builds(MemberRow, blobs, st.binary(max_size=400), st.booleans())
deltas = st.builds(
    Deltas,
    ids,
    st.lists(
        st.builds(Delta, revisions, st.one_of(st.builds(MemberJoined, rows), st.builds(MemberLeft, keys))), max_size=5
    ).map(tuple),
    st.none() | st.lists(keys, max_size=5).map(tuple),
)
requests = st.one_of(
    st.builds(CreateParty, blobs, blobs, st.text(max_size=40)),
    st.builds(PublishInvitation, ids, blobs),
    st.builds(FetchInvitation, ids, ids),
    st.builds(ReserveAddress, ids, ids, names, signatures),
    st.builds(JoinParty, ids, blobs, ids),
    st.builds(LeaveParty, ids),
    st.builds(FollowParty, ids, revisions),
    st.builds(SendSignal, ids, keys, blobs),
    st.builds(FetchTicket, ids, keys),
)
replies = st.one_of(
    st.builds(PartyState, ids, revisions, blobs, st.lists(rows, max_size=4).map(tuple)),
    deltas,
    st.just(Done()),
    st.builds(InvitationFound, blobs, blobs),
    st.builds(Reserved, st.ip_addresses(v=4).map(str), times),
    st.builds(TicketIssued, blobs, st.floats(0.1, 1e6)),
    st.builds(RefusedReply, st.just("limit"), st.text(max_size=300)),
)
denials = st.builds(Denied, st.just("limit"), st.text(max_size=300), st.lists(st.integers(0, 9), max_size=3).map(tuple))
notices = st.one_of(
    deltas,
    st.builds(Presence, ids, keys, st.booleans()),
    st.builds(Signalled, ids, keys, blobs),
    st.builds(Resync, ids),
    denials,
)
relays = st.builds(
    RelayInfo, st.sampled_from(["", "relay.example", "::1"]), st.integers(1, 65535), st.integers(1, 65535)
)
offers = st.text(max_size=64)
openings: list[Any] = [
    (Hello, st.builds(Hello, st.lists(offers, min_size=1, max_size=16).map(tuple), keys, keys)),
    (Welcome, st.builds(Welcome, offers, keys, keys, keys, signatures)),
    (Denied, denials),
    (Login, st.builds(Login, keys, keys, signatures)),
    (Accepted, st.builds(Accepted, st.just("s"), times, st.just((":3478",)), st.lists(relays, max_size=3).map(tuple))),
    (Confirm, st.just(Confirm())),
    (Request, st.builds(Request, revisions, requests, st.from_regex("[0-9a-zA-Z-]{0,32}", fullmatch=True))),
]


class MessageTests(SynchronousTestCase):
    """Bytes to values and back."""

    @given(data=st.data(), codec=codecs)
    def test_round_trip(self, data: Any, codec: Codec) -> None:
        """Every message comes back as it was, and as its own kind alone, in both encodings."""
        for kind, strategy in openings:
            message = data.draw(strategy)
            self.assertEqual(message, decode(encode(message, codec), kind, codec))
            for other, _ in openings:
                if other is not kind:
                    with self.assertRaises(DecodeError):
                        decode(encode(message, codec), other, codec)
        for record in (data.draw(st.builds(Reply, revisions, replies)), data.draw(st.builds(Notice, notices))):
            self.assertEqual(record, decode_record(encode(record, codec), codec))

    @given(data=st.data(), kind=st.sampled_from(list(messages())), codec=codecs)
    def test_every_kind(self, data: Any, kind: Any, codec: Codec) -> None:
        """Whatever is in the table comes back as it was, drawn from its types alone, in both encodings."""
        message = data.draw(drawn(kind))
        self.assertEqual(message, codec.decode(codec.encode(message), kind))

    @given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes give a value or the one error."""
        for codec in CODECS.values():
            for read in (
                lambda raw, how=codec: decode_opening(raw, how),
                lambda raw, how=codec: decode_record(raw, how),
                lambda raw, how=codec: decode(raw, Request, how),
                lambda raw, how=codec: decode(raw, Hello, how),
            ):
                try:
                    read(data)
                except DecodeError as error:
                    self.assertTrue(str(error))

    @given(data=st.data(), body=requests, codec=codecs)
    def test_any_mutation(self, data: Any, body: Any, codec: Codec) -> None:
        """A changed message is another message or the one error."""
        raw = data.draw(mutated(encode(Request(1, body), codec), codec))
        try:
            decode(raw, Request, codec)
        except DecodeError as error:
            self.assertTrue(str(error))

    def test_readable(self) -> None:
        """In JSON byte strings are base64."""
        text = encode(Request(1, SendSignal("0" * 32, bytes(32), b"\xff\x00")), JSON)
        body = {"type": "signal", "party_id": "0" * 32, "to": "A" * 43 + "=", "payload": "/wA="}
        self.assertEqual({"type": "q", "id": 1, "body": body}, json.loads(text))

    @given(offered=st.lists(st.text(max_size=80) | st.sampled_from(SUBPROTOCOLS), max_size=8))
    def test_subprotocols(self, offered: list[str]) -> None:
        """Any offer gives one that was offered and is spoken, the dearest, or none; versions are read from ours."""
        chosen = choose(offered)
        self.assertEqual(next((name for name in SUBPROTOCOLS if name in offered), ""), chosen)
        if chosen:
            self.assertEqual(chosen, codec_of(chosen).subprotocol)
            self.assertIn(2, versions_of(offered))
        self.assertEqual(
            (2, 7), versions_of([*SUBPROTOCOLS, "lanrage.control.v7.cbor", "chat", "lanrage.control.vx.a"])
        )

    def test_limits(self) -> None:
        """What is too long, too short, too much or unknown is refused with its field named."""
        party = "0" * 32
        for wrong in (
            FollowParty(party + "\n", 0),
            FollowParty(party.upper().replace("0", "A"), 0),
            FollowParty(party, -1),
            FollowParty(party, 2**53 + 1),
            SendSignal(party, bytes(31), b"x"),
            SendSignal(party, bytes(32), b""),
            SendSignal(party, bytes(32), bytes(control.SIGNAL_LIMIT + 1)),
            CreateParty(bytes(5000), b"x"),
            ReserveAddress(party, party, "x", bytes(63)),
            ReserveAddress(party, party, " ", bytes(64)),
            ReserveAddress(party, party, "x" * 33, bytes(64)),
        ):
            with self.assertRaises(DecodeError):
                decode(encode(Request(1, wrong)), Request)
        with self.assertRaises(DecodeError):
            decode(encode(Request(1, FollowParty(party, 0), "no blanks")), Request)
        with self.assertRaises(DecodeError):
            decode(bytes(MESSAGE_LIMIT + 1), Request)

    def test_unknown_fields(self) -> None:
        """Before the login they are passed over, for other versions' sake; after it they are refused."""
        hello = msgspec.msgpack.decode(encode(Hello(("x",), bytes(32), bytes(32))))
        decode(msgspec.msgpack.encode(dict(hello, more=1)), Hello)
        request = msgspec.msgpack.decode(encode(Request(1, FollowParty("0" * 32, 0))))
        with self.assertRaises(DecodeError):
            decode(msgspec.msgpack.encode(dict(request, more=1)), Request)

    def test_deep_nesting(self) -> None:
        """Bytes that nest a thousand times are refused and do not exhaust the stack."""
        for raw in (b"\x91" * 10000 + b"\xc0", b"\x81\xa1t" * 5000 + b"\xc0"):
            with self.assertRaises(DecodeError):
                decode(raw, Request)
        for raw in (b"[" * 100_000, b'{"type":' * 20_000):
            with self.assertRaises(DecodeError):
                decode(raw, Request, JSON)

    def test_full_party_fits(self) -> None:
        """64 members with the longest names fit into one message."""
        row = MemberRow(bytes(600), bytes(350), True)
        for codec in CODECS.values():
            full = Reply(1, PartyState("0" * 32, 1, bytes(400), (row,) * 64))
            self.assertLess(len(encode(full, codec)), MESSAGE_LIMIT)
        delta = Delta(2**53, MemberJoined(row))
        self.assertLess(len(encode(Reply(1, Deltas("0" * 32, (delta,) * 64, (bytes(32),) * 64)))), MESSAGE_LIMIT)
