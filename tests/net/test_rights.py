"""What is missing is told in one sentence each, with its remedy."""

from __future__ import annotations

from typing import cast

import attrs
import pytest
from twisted.trial.unittest import TestCase

from lanrage.core.rights import capability_bits
from lanrage.net.rights import Rights, read_rights
from lanrage.net.threads import INetReactor

ALL = Rights(True, True, True, True, True, True)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({}, "auto", []),
        ({"net_admin": False}, "auto", ["CAP_NET_ADMIN"]),
        ({"net_admin": False, "net_raw": False}, "auto", ["CAP_NET_ADMIN and CAP_NET_RAW"]),
        ({"tun": False}, "auto", ["modprobe tun"]),
        ({"tun": False, "tun_there": True}, "auto", ["chmod 0666 /dev/net/tun"]),
        ({"kernel_wireguard": False}, "auto", []),
        ({"wireguard_go": False, "socket_folder": False}, "auto", []),
        ({"kernel_wireguard": False}, "kernel", ["wireguard to auto"]),
        ({"kernel_wireguard": False, "wireguard_go": False}, "auto", ["apt-get install wireguard-go"]),
        ({"wireguard_go": False}, "userspace", ["apt-get install wireguard-go"]),
        ({"kernel_wireguard": False, "socket_folder": False}, "auto", ["RuntimeDirectory=wireguard"]),
    ],
)
def test_sentences(change: dict[str, bool], kind: str, words: list[str]) -> None:
    """Each missing thing has its sentence; what is not needed is not asked for."""
    sentences = attrs.evolve(ALL, **change).missing(kind)
    assert len(sentences) == len(words)
    assert all(word in sentence for word, sentence in zip(words, sentences, strict=True))
    assert all(sentence[0].isupper() for sentence in sentences)


def test_capabilities() -> None:
    """The bits of a real status file, and none where there is no such line."""
    status = "Name:\tx\nCapEff:\t0000000000003000\nCapBnd:\t000001ffffffffff\n"
    assert capability_bits(status) == 0x3000
    assert capability_bits("Name:\tx\n") == 0


class TestHere(TestCase):
    """This very process."""

    async def test_reads(self) -> None:
        """Whatever is missing here, it is told in sentences."""
        from twisted.internet import reactor

        rights = await read_rights(cast(INetReactor, reactor))
        assert rights.links == (rights.missing() == [])
        assert all(sentence[0].isupper() for sentence in rights.missing())
