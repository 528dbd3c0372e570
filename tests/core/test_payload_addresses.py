"""Addresses inside payloads: put right where the format is known, left and counted where not."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.payload_addresses import FORMATS, Repeated, rewrite
from tests.strategies_lan import ME, REAL, THIRD, udp


def dawn_of_war(address: IPv4Address, name: str = "Ben's game") -> bytes:
    """A host's announcement, by the description that the format names."""
    host = name.encode("utf-16-le")
    head = b"\x08\x01" + (38).to_bytes(4, "little") + b"{" + b"0" * 36 + b"}"
    counts = bytes(4) + (1).to_bytes(4, "little") + (8).to_bytes(4, "little") + bytes(9)
    place = address.packed + (6112).to_bytes(2, "little") + bytes(4) + (200).to_bytes(4, "little") + b"\xc8"
    return head + (len(name)).to_bytes(4, "little") + host + counts + place + b"WODW" + bytes(60)


def directplay(address: IPv4Address) -> bytes:
    """A search for Age of Empires II games."""
    socket_address = b"\x02\x00\x08\xfc" + address.packed + bytes(8)
    return b"\x34\x00\xb0\xfa" + socket_address + b"play\x02\x00\x0e\x00" + bytes(16) + bytes(8)


class KnownTests(SynchronousTestCase):
    """Formats that are known."""

    @given(st.text(max_size=40).filter(lambda name: len(name.encode("utf-16-le")) == 2 * len(name)))
    def test_dawn_of_war(self, name: str) -> None:
        """The address before the mark becomes the party's; nothing else changes, whatever the game is called."""
        sent = udp(destination_port=6112, payload=dawn_of_war(REAL, name))
        wanted = udp(destination_port=6112, payload=dawn_of_war(ME, name))
        self.assertEqual((wanted, Repeated.REWRITTEN), rewrite(sent, {REAL}, ME))

    def test_directplay(self) -> None:
        """Likewise; an empty address stays empty."""
        sent, wanted = (udp(destination_port=47624, payload=directplay(each)) for each in (REAL, ME))
        self.assertEqual((wanted, Repeated.REWRITTEN), rewrite(sent, {REAL, THIRD}, ME))
        empty = udp(destination_port=47624, payload=directplay(IPv4Address(0)))
        self.assertEqual((empty, Repeated.NONE), rewrite(empty, {REAL}, ME))

    def test_sources(self) -> None:
        """Each format says where it is described."""
        self.assertTrue(all(form.source for form in FORMATS))


class UnknownTests(SynchronousTestCase):
    """What is not known is not touched."""

    def test_counted(self) -> None:
        """Another format, another port, another place: left as it is, and told."""
        for port, payload in (
            (5000, b"host " + REAL.packed),
            (5000, dawn_of_war(REAL)),
            (6112, dawn_of_war(THIRD) + REAL.packed),
            (6112, dawn_of_war(REAL).replace(b"WODW", b"none")),
            (47624, directplay(REAL).replace(b"play", b"plax")),
            (47624, directplay(THIRD) + REAL.packed),
        ):
            sent = udp(destination_port=port, payload=payload)
            self.assertEqual((sent, Repeated.UNKNOWN), rewrite(sent, {REAL}, ME))

    @given(st.binary(max_size=300), st.sampled_from([6112, 47624, 1]))
    def test_any_bytes(self, payload: bytes, port: int) -> None:
        """What holds none of this machine's addresses is never changed."""
        sent = udp(destination_port=port, payload=payload)
        changed, outcome = rewrite(sent, {REAL} if REAL.packed not in payload else set(), ME)
        self.assertEqual((sent, Repeated.NONE), (changed, outcome))

    def test_party_address(self) -> None:
        """The party address itself is right as it is."""
        sent = udp(destination_port=6112, payload=dawn_of_war(ME))
        self.assertEqual((sent, Repeated.NONE), rewrite(sent, {ME, REAL}, ME))
