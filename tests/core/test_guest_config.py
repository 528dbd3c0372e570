"""What a guest's application is told, and where it is told to call."""

from __future__ import annotations

from base64 import b64encode
from configparser import ConfigParser
from ipaddress import IPv4Interface

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.guest_config import Door, GuestConfig, choose_door, read_endpoint
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind
from lanrage.errors import BadInput

LOCAL = Candidate(CandidateKind.LOCAL, Endpoint("192.168.1.5", 51820))
WIDE = Candidate(CandidateKind.LOCAL, Endpoint("93.184.216.34", 51820))
SIX = Candidate(CandidateKind.LOCAL, Endpoint("2001:db8::5", 51820))
SEEN = Candidate(CandidateKind.REFLEXIVE, Endpoint("93.184.216.35", 4000))
PEER = Candidate(CandidateKind.PEER, Endpoint("93.184.216.37", 4002))
MAPPED = Candidate(CandidateKind.MAPPED, Endpoint("93.184.216.36", 4001))
RELAY = Candidate(CandidateKind.RELAY, Endpoint("93.184.216.99", 7800))
candidates = st.lists(st.sampled_from([LOCAL, WIDE, SIX, SEEN, PEER, MAPPED, RELAY]), unique=True).map(tuple)


class TextTests(SynchronousTestCase):
    """The file."""

    def config(self, **changes: bool) -> GuestConfig:
        """One."""
        address = IPv4Interface("10.66.0.254/24")
        return GuestConfig(b"p" * 32, address, b"s" * 32, "play.example.org:51820", **changes)

    def test_file(self) -> None:
        """wg-quick's sections and keys, and nothing else."""
        read = ConfigParser()
        read.read_string(self.config().text())
        self.assertEqual(
            {
                "privatekey": b64encode(b"p" * 32).decode(),
                "address": "10.66.0.254/24",
                "mtu": "1280",
            },
            dict(read["Interface"]),
        )
        self.assertEqual(
            {
                "publickey": b64encode(b"s" * 32).decode(),
                "allowedips": "10.66.0.0/24, 255.255.255.255/32, 224.0.0.0/4",
                "endpoint": "play.example.org:51820",
                "persistentkeepalive": "25",
            },
            dict(read["Peer"]),
        )

    def test_plain(self) -> None:
        """The device keeps its other broadcasts."""
        self.assertIn("AllowedIPs = 10.66.0.0/24\n", self.config(plain=True).text())

    def test_secret(self) -> None:
        """The private key shows in the file alone."""
        self.assertNotIn("pppp", repr(self.config()))


class DoorTests(SynchronousTestCase):
    """Where to call."""

    @given(candidates, st.sampled_from(NatKind))
    def test_sure(self, known: tuple[Candidate, ...], nat: NatKind) -> None:
        """No doubt only at a mapped port, or where the router lets strangers in; never a relay; known means a door."""
        door = choose_door(known, nat)
        usable = [each for each in known if each is not RELAY]
        self.assertEqual(bool(usable), door is not None)
        if door is None:
            return
        (chosen,) = [each for each in usable if str(each.endpoint) == door.endpoint]
        open_to_all = nat in (NatKind.OPEN, NatKind.FULL_CONE) and chosen is not LOCAL
        self.assertEqual(chosen is MAPPED or open_to_all, not door.doubt)
        if any(each not in (LOCAL, SIX) for each in usable):
            self.assertNotIn(chosen, (LOCAL, SIX), "IPv4 first: more devices have it")
        elif SIX in usable:
            self.assertIs(chosen, SIX)

    def test_order(self) -> None:
        """A mapped port before what a reflector or a peer saw, that before a card's own."""
        for best, *rest in ((MAPPED, SEEN, PEER, LOCAL), (SEEN, PEER, LOCAL, SIX), (PEER, WIDE), (WIDE, LOCAL)):
            self.assertEqual(Door(str(best.endpoint)), choose_door((*rest, best), NatKind.FULL_CONE))


class EndpointTests(SynchronousTestCase):
    """What the user says."""

    def test_port(self) -> None:
        """One is added where none is given."""
        for given_text, wanted in (
            ("play.example.org", "play.example.org:51820"),
            ("play.example.org:99", "play.example.org:99"),
            ("[2001:db8::1]", "[2001:db8::1]:51820"),
            ("[2001:db8::1]:7", "[2001:db8::1]:7"),
        ):
            self.assertEqual(wanted, read_endpoint(given_text, 51820))

    @given(st.text(max_size=30))
    def test_hostile(self, text: str) -> None:
        """Whatever is given is one endpoint on one line, or refused by the field's name."""
        try:
            told = read_endpoint(text, 51820)
        except BadInput as error:
            self.assertEqual("address", error.field)
        else:
            self.assertRegex(told, r"\A[A-Za-z0-9.:\[\]-]+:[0-9]+\Z")
