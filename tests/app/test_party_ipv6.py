"""A party's IPv6: chosen where it disturbs nothing; peers and routes of the members."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.party_ipv6 import choose_prefix
from lanrage.core.party_prefix import member_address, party_prefix
from lanrage.errors import MissingRight
from tests.app.links_case import LinksCase
from tests.fakes_links import MemoryMachine
from tests.strategies_lan import PREFIX

ID = "5a" * 16


class ChoiceTests(SynchronousTestCase):
    """Whether this machine takes part by IPv6."""

    def choose(self, machine: MemoryMachine) -> tuple[IPv6Network | None, str]:
        """What is chosen on this machine."""
        return self.successResultOf(Deferred.fromCoroutine(choose_prefix(machine, ID, "wg")))

    def test_free(self) -> None:
        """The party's own prefix, and the tunnel carries it."""
        machine = MemoryMachine(routed6=[IPv6Network("fd00:1::/48"), IPv6Network("2001:db8::/32")])
        self.assertEqual(self.choose(machine), (party_prefix(ID), ""))
        self.assertEqual(machine.enabled, ["wg"])

    def test_none(self) -> None:
        """A machine without IPv6 goes on without, and nothing is changed."""
        machine = MemoryMachine()
        prefix, why = self.choose(machine)
        self.assertEqual((prefix, machine.enabled), (None, []))
        self.assertIn("no IPv6", why)

    def test_clash(self) -> None:
        """So does one that has a route there already, whichever is the wider."""
        for taken in (party_prefix(ID).supernet(new_prefix=48), next(party_prefix(ID).subnets(new_prefix=96))):
            machine = MemoryMachine(routed6=[taken])
            prefix, why = self.choose(machine)
            self.assertEqual((prefix, machine.enabled), (None, []))
            self.assertIn(str(taken), why)

    def test_denied(self) -> None:
        """And one whose settings may not be written; the sentence says how to grant it."""

        class Denied(MemoryMachine):
            """Its settings cannot be written."""

            async def enable_ipv6(self, device: str) -> None:
                """See :meth:`lanrage.interfaces.IMachine.enable_ipv6`."""
                raise MissingRight(f"{device} may not be written")

        self.assertEqual(self.choose(Denied(routed6=[])), (None, "wg may not be written"))


class LinkTests(LinksCase):
    """Peers and routes."""

    def test_both_families(self) -> None:
        """WireGuard takes both addresses of a member from it, and both are led into the tunnel; all goes with it."""
        anna, bert = self.world.player("anna", 1), self.world.player("bert", 2)
        anna.links._prefix = PREFIX
        self.world.meet("anna", "bert")
        self.world.run(1.5)
        key, four = bert.keys.wireguard.public, bert.address
        six = member_address(PREFIX, four)
        self.assertEqual(anna.tunnel.peers[key].allowed, (IPv4Network(four), IPv6Network(six)))
        tunnel = anna.tunnel.name
        source = member_address(PREFIX, anna.address)
        self.assertEqual(anna.machine.routes, {four: (tunnel, anna.address), six: (tunnel, source)})
        self.assertEqual(bert.tunnel.peers[anna.keys.wireguard.public].allowed, (IPv4Network(anna.address),))
        anna.follow([anna.member])
        self.world.run(0.5)
        self.assertEqual(anna.machine.routes, {})
