"""Rooms as values: who answers for whom, names, name servers, environment, and what is said where none may be."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core import room
from lanrage.core.links import check_device_name
from lanrage.core.room import GATEWAY, RoomPlan, device_name, environment, forbidden, resolver

BUS = "DBUS_SESSION_BUS_ADDRESS"
addresses = st.ip_addresses(v=4)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=15).filter(
    lambda t: t not in (".", "..")
)
SERVERS = st.sampled_from(["127.0.0.53", "127.0.0.1", "::1", "fe80::1%eth0", "10.0.0.53", "192.168.1.1", "x", ""])


class PlanTests(SynchronousTestCase):
    """What the card answers for."""

    @given(addresses, st.frozensets(addresses, max_size=4), st.booleans())
    def test_answers(self, target: IPv4Address, members: frozenset[IPv4Address], internet: bool) -> None:
        """Members, and the gateway only where there is the internet; nobody else is there."""
        plan = RoomPlan(IPv4Interface("10.66.0.1/24"), internet)
        for asked in (target, GATEWAY, *members):
            wanted = asked in members or (internet and asked == GATEWAY)
            self.assertEqual(plan.answers_for(asked, members), wanted)

    @given(NAMES)
    def test_name(self, card: str) -> None:
        """Linux takes the device's name, and it is not the card's."""
        self.assertEqual(check_device_name(device_name(card)), device_name(card))
        self.assertNotEqual(device_name(card), card if not card.endswith("-room") else "")
        self.assertEqual(device_name("lanrage0"), "lanrage0-room")


class ResolverTests(SynchronousTestCase):
    """``resolv.conf``."""

    def test_stub(self) -> None:
        """Behind a stub on loopback the file with the servers themselves counts, with its other words."""
        stub = "# managed\nnameserver 127.0.0.53\noptions edns0\nsearch lan\n"
        real = "nameserver 192.168.1.1\nnameserver fe80::1%2\n  nameserver 9.9.9.9\nsearch lan\nsortlist 10/8\n"
        wanted = "nameserver 192.168.1.1\nnameserver 9.9.9.9\nsearch lan\n"
        self.assertEqual(resolver(True, [stub, real]), wanted)
        self.assertEqual(resolver(True, [real, stub]), wanted)

    @given(st.booleans(), st.lists(st.lists(SERVERS, max_size=4), max_size=3))
    def test_no_loopback(self, internet: bool, files: list[list[str]]) -> None:
        """A server is named only with the internet, never one out of the room's reach; never nothing at all."""
        text = resolver(internet, ["".join(f"nameserver {each}\n" for each in servers) for servers in files])
        named = [line.split()[1] for line in text.splitlines() if line.startswith("nameserver")]
        good = [[each for each in servers if each in ("10.0.0.53", "192.168.1.1")] for servers in files]
        self.assertEqual(named, next((each for each in good if each), []) if internet else [])
        self.assertNotEqual(text, "")


class EnvironmentTests(SynchronousTestCase):
    """D-Bus."""

    def test_abstract(self) -> None:
        """The socket with a path takes the place of the abstract one, which is not there in a room."""
        before = {BUS: "unix:abstract=/tmp/dbus-1", "XDG_RUNTIME_DIR": "/run/user/1", "DISPLAY": ":0"}
        after = environment(before, lambda path: path == "/run/user/1/bus")
        self.assertEqual(after, {**before, BUS: "unix:path=/run/user/1/bus"})
        self.assertEqual(environment(before, lambda path: False), {k: v for k, v in before.items() if k != BUS})

    def test_path(self) -> None:
        """One with a path stays, also beside an abstract one; without any there is nothing to do."""
        for before in ({BUS: "unix:path=/run/user/1/bus"}, {"DISPLAY": ":0"}, {}):
            self.assertEqual(environment(before, lambda path: True), before)
        both = {BUS: "unix:abstract=x,guid=1;unix:path=/run/bus"}
        self.assertEqual(environment(both, lambda path: False), {BUS: "unix:path=/run/bus"})


class ForbiddenTests(SynchronousTestCase):
    """Why a user may make no namespaces."""

    def test_reasons(self) -> None:
        """Each setting that forbids is named with the value that allows; without one it is another's doing."""
        start = "a room needs user namespaces, which this system refuses to you; "
        cases = {
            (): "a container or a security module forbids it",
            ((room.CLONES, "0"),): "allow it: as root, sysctl kernel.unprivileged_userns_clone=1",
            ((room.CLONES, "1"),): "a container or a security module forbids it",
            (
                (room.APPARMOR, "1"),
                (room.SPACES, "0"),
            ): "allow it: as root, sysctl user.max_user_namespaces=10000 and "
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        }
        for settings, wanted in cases.items():
            self.assertEqual(forbidden(dict(settings).get), start + wanted)
