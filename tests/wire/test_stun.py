"""STUN: what is written reads back, any bytes are a value or a DecodeError, and others mean the same by it."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.links import Endpoint
from lanrage.core.nat import Change
from lanrage.core.stun_questions import Ask
from lanrage.errors import DecodeError
from lanrage.wire.stun import COOKIE, HEADER, MESSAGE_LIMIT, Kind, Message, decode, encode, reply, request
from tests.strategies_links import endpoints
from tests.strategies_stun import changes, datagrams, messages, transactions, unknown_names

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")

# RFC 5769 sections 2.1 to 2.4.
SAMPLE_REQUEST = bytes.fromhex(
    "00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74 00240004 6e0001ff"
    "80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020 00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249"
    "c1b571a2 80280004 e57a3bcf"
)
SAMPLE_IPV4_RESPONSE = bytes.fromhex(
    "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643"
    "00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96"
)
SAMPLE_IPV6_RESPONSE = bytes.fromhex(
    "01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220 00200014 0002a147 0113a9fa"
    "a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c"
)
SAMPLE_LONG_TERM_REQUEST = bytes.fromhex(
    "00010060 2112a442 78ad3433 c6ad72c0 29da412e 00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000 0015001c"
    "662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 3634734100 14000b 6578616d 706c652e 6f726700 00080014"
    "f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666"
)
PRIORITY = 0x0024
"""Of ICE (RFC 8445): must be understood, and a reflector does not."""


def message(kind: int, *attributes: tuple[int, bytes]) -> bytes:
    """A datagram of any attributes."""
    body = b"".join(struct.pack("!HH", n, len(v)) + v + bytes(-len(v) % 4) for n, v in attributes)
    return HEADER.pack(kind, len(body), COOKIE, TRANSACTION) + body


@given(messages)
def test_messages_read_back(sent: Message) -> None:
    """A message is the same value after its trip, with and without fingerprint, over both families."""
    assert decode(encode(sent)) == sent


@given(transactions, unknown_names)
def test_an_error_names_attributes_and_is_understood(transaction: bytes, unknown: tuple[int, ...]) -> None:
    """UNKNOWN-ATTRIBUTES, of odd and even number, is an attribute that a client passes over."""
    data = encode(Message(Kind.ERROR, transaction, error=420, unknown=unknown))
    assert struct.pack(f"!H{len(unknown)}H", 2 * len(unknown), *unknown) in data
    assert decode(data) == Message(Kind.ERROR, transaction, error=420)


@given(datagrams)
def test_any_bytes_are_a_value_or_a_decode_error(data: bytes) -> None:
    """Nothing else comes out, and a value that comes out can be told on if it is whole."""
    try:
        got = decode(data)
    except DecodeError:
        return
    assert len(got.transaction) == 12
    assert got.mapped is None or decode(encode(got)).mapped == got.mapped


@given(messages, st.data())
def test_no_bit_may_flip(sent: Message, data: st.DataObject) -> None:
    """A fingerprint that does not hold is an error, wherever the bit was; a shorter attribute is one too."""
    good = encode(sent if sent.fingerprint else Message(Kind.REQUEST, sent.transaction))
    at = data.draw(st.integers(0, len(good) * 8 - 1))
    bad = bytearray(good)
    bad[at // 8] ^= 1 << at % 8
    try:
        got = decode(bytes(bad))
    except DecodeError:
        return
    assert not got.fingerprint, "the flip must have made the FINGERPRINT another attribute"


@given(datagrams, endpoints)
def test_what_came_in_as_a_reply(data: bytes, source: Endpoint) -> None:
    """Exactly one of answer, refusal and our own request come back; an answer alone tells addresses."""
    try:
        came = decode(data)
    except DecodeError:
        return
    got = reply(came, source)
    assert got.source == source
    assert got.refused + got.returned + (came.kind is Kind.SUCCESS) == 1
    if came.kind is not Kind.SUCCESS:
        assert (got.mapped, got.other) == (None, None)


@given(transactions, changes, st.integers(0, 65535))
def test_a_question_reads_back(transaction: bytes, change: Change | None, port: int) -> None:
    """With what it asks for."""
    got = decode(request(Ask(transaction, Endpoint("192.0.2.1", 1), change, port)))
    assert got == Message(Kind.REQUEST, transaction, change=change, response_port=port)


class TestVectors:
    """The messages of RFC 5769."""

    def test_request(self) -> None:
        """Credentials are understood and not used; PRIORITY is not understood; the fingerprint holds."""
        assert decode(SAMPLE_REQUEST) == Message(Kind.REQUEST, TRANSACTION, unknown=(PRIORITY,))

    def test_ipv4_response(self) -> None:
        """The mapped address of section 2.2."""
        assert decode(SAMPLE_IPV4_RESPONSE) == Message(Kind.SUCCESS, TRANSACTION, Endpoint("192.0.2.1", 32853))

    def test_ipv6_response(self) -> None:
        """The mapped address of section 2.3."""
        mapped = Endpoint("2001:db8:1234:5678:11:2233:4455:6677", 32853)
        assert decode(SAMPLE_IPV6_RESPONSE) == Message(Kind.SUCCESS, TRANSACTION, mapped)

    def test_long_term_request(self) -> None:
        """REALM and NONCE are no reason to refuse; there is no fingerprint."""
        transaction = bytes.fromhex("78ad3433c6ad72c029da412e")
        assert decode(SAMPLE_LONG_TERM_REQUEST) == Message(Kind.REQUEST, transaction, fingerprint=False)

    @pytest.mark.parametrize("sample", [SAMPLE_REQUEST, SAMPLE_IPV4_RESPONSE, SAMPLE_IPV6_RESPONSE])
    def test_fingerprints_are_checked(self, sample: bytes) -> None:
        """One other byte anywhere behind the header, and the fingerprint does not hold."""
        for at in range(HEADER.size, len(sample) - 8):
            bad = bytearray(sample)
            bad[at] ^= 0xFF
            with pytest.raises(DecodeError):
                decode(bytes(bad))


class TestRules:
    """What is no message, one rule at a time."""

    MAPPED = struct.pack("!BBH4s", 0, 1, 1 ^ COOKIE >> 16, b"abcd")

    def test_the_plainest_request(self) -> None:
        """Twenty bytes are a request."""
        assert decode(message(1)) == Message(Kind.REQUEST, TRANSACTION, fingerprint=False)

    def test_text_that_is_not_known_is_passed_over(self) -> None:
        """SOFTWARE and anything optional says nothing to us."""
        assert decode(message(1, (0x8022, b"any program"), (0xFFFF, b""))).unknown == ()

    def test_unknown_attributes_are_named_once(self) -> None:
        """Twice the same is one."""
        assert decode(message(1, (0x0024, b""), (0x7FFF, b"xyz"), (0x0024, b"ab"))).unknown == (0x0024, 0x7FFF)

    def test_rfc_5780_attributes(self) -> None:
        """Their bytes as section 7 draws them; the length of RESPONSE-PORT with or without its padding."""
        wanted = Message(Kind.REQUEST, TRANSACTION, fingerprint=False, change=Change(True, True), response_port=0x1234)
        padded = message(1, (0x0003, b"\0\0\0\6"), (0x0027, b"\x12\x34\0\0"))
        assert encode(wanted) == padded
        assert decode(padded) == decode(message(1, (0x0003, b"\0\0\0\6"), (0x0027, b"\x12\x34"))) == wanted
        for flags, change in ((0, Change()), (2, Change(port=True)), (4, Change(address=True))):
            assert decode(message(1, (0x0003, bytes((0, 0, 0, flags))))).change == change
        answer = message(
            0x0101, (0x802B, b"\0\1\0\7" + bytes((192, 0, 2, 1))), (0x802C, b"\0\2\0\x08" + bytes(15) + b"\1")
        )
        told = Message(
            Kind.SUCCESS, TRANSACTION, fingerprint=False, origin=Endpoint("192.0.2.1", 7), other=Endpoint("::1", 8)
        )
        assert decode(answer) == told
        assert encode(told) == answer

    def test_padding_is_not_understood(self) -> None:
        """RFC 5780's PADDING would make answers large."""
        assert decode(message(1, (0x0026, bytes(8)))).unknown == (0x0026,)

    def test_the_first_address_counts(self) -> None:
        """RFC 8489 section 14: of attributes that repeat, the first."""
        other = struct.pack("!BBH4s", 0, 1, 2 ^ COOKIE >> 16, b"efgh")
        got = decode(message(0x0101, (0x0020, self.MAPPED), (0x0020, other))).mapped
        assert got is not None
        assert got.port == 1

    @pytest.mark.parametrize(
        "data",
        [
            message(1)[:-1],
            message(1) + b"\0",
            message(1) + b"\0\0\0\0",
            message(1).replace(struct.pack("!I", COOKIE), b"\0\0\0\0"),
            message(0x0011),
            message(0x0003),
            message(0xC001),
            HEADER.pack(1, 2, COOKIE, TRANSACTION) + b"\0\0",
            HEADER.pack(1, 4, COOKIE, TRANSACTION) + b"\x80\x22\0\x01",
            HEADER.pack(1, 8, COOKIE, TRANSACTION) + b"\x80\x22\0\x05abcd",
            message(1, (0x8022, bytes(MESSAGE_LIMIT))),
            message(0x0101, (0x0020, MAPPED[:-1])),
            message(0x0101, (0x0020, b"\0\2" + MAPPED[2:])),
            message(0x0101, (0x0020, MAPPED + bytes(12))),
            message(0x0101, (0x0020, struct.pack("!BBH4s", 0, 1, COOKIE >> 16, b"abcd"))),
            message(0x0111, (0x0009, b"\0\0\4")),
            message(0x0111, (0x0009, b"\0\0\2\0")),
            message(0x0111, (0x0009, b"\0\0\7\0")),
            message(0x0111, (0x0009, b"\0\0\4\x64")),
            message(1, (0x8028, b"\0\0\0\0")),
            message(1, (0x0003, b"\0\6")),
            message(1, (0x0027, b"\0\0\0\0")),
            message(1, (0x0027, b"\1")),
            message(0x0101, (0x802C, b"\0\1\0\0abcd")),
            message(0x0101, (0x802B, b"\0\1\0\1abc")),
        ],
        ids=[
            "cut",
            "one byte more",
            "more than it says",
            "cookie",
            "indication",
            "method",
            "first bits",
            "odd length",
            "attribute without value",
            "attribute cut",
            "too long",
            "short address",
            "family and size",
            "size and family",
            "port 0",
            "error cut",
            "error 200",
            "error 700",
            "error 500 in hundreds and 100",
            "fingerprint",
            "change cut",
            "response port 0",
            "response port cut",
            "other address without port",
            "origin cut",
        ],
    )
    def test_no_message(self, data: bytes) -> None:
        """Each is an error."""
        with pytest.raises(DecodeError):
            decode(data)

    def test_the_fingerprint_is_last(self) -> None:
        """One that holds for what is before it, with something behind it, is an error."""
        body = b"\x80\x28\0\4" + b"....", b"\x80\x22\0\0"
        head = HEADER.pack(1, 12, COOKIE, TRANSACTION)
        crc = struct.pack("!I", zlib.crc32(head) ^ 0x5354554E)
        with pytest.raises(DecodeError):
            decode(head + body[0][:4] + crc + body[1])
