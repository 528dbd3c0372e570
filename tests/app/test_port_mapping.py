"""A port is kept mapped while the service runs: in memory by the clock, and at Debian's miniupnpd."""

from __future__ import annotations

import os
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.mapping_leases import make_mapper, remove_leftovers
from lanrage.app.port_mapping import LOOK_S, STOP_S, PortMapping
from lanrage.core.links import Endpoint
from lanrage.core.mapping import LIFETIME_S, Method, Transport, Wish
from lanrage.core.port_mapping import CHECK_S, PAUSES_S, RETRY_S
from lanrage.store.undo import UndoJournal
from tests.fakes_control import SeededRandom
from tests.fakes_links import MemoryJournal, MemoryMachine
from tests.fakes_mapping import GATEWAY, MemoryRouter
from tests.fakes_threads import ThreadClock
from tests.mapped_router import GATEWAY as REAL_GATEWAY
from tests.mapped_router import MappedRouter

FIRST, SECOND = Wish(Transport.UDP, 51820), Wish(Transport.TCP, 7766)
EPOCH = 1.7e9


class MemoryCase(SynchronousTestCase):
    """A router in memory."""

    def setUp(self) -> None:
        """Not started yet."""
        self.clock = ThreadClock()
        self.router = MemoryRouter()
        self.machine = MemoryMachine(gateway=GATEWAY)
        self.journal = MemoryJournal()
        self.seen: list[str] = []
        self.told: list[dict[Wish, Endpoint]] = []
        self.mapping = self.make()

    def make(self, *wishes: Wish) -> PortMapping:
        """The service of a program that starts anew."""
        made = PortMapping(
            self.clock,
            self.machine,
            wishes or (FIRST, SECOND),
            self.journal,
            random=SeededRandom(1),
            seen=lambda: self.seen,
            changed=lambda: self.told.append(made.usable()),
            now=lambda: EPOCH + self.clock.seconds(),
            make=self.router.make,
        )
        return made

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end - 1e-9:
            self.clock.advance(min(LOOK_S, end - self.clock.seconds()))


class MappingTests(MemoryCase):
    """Its life."""

    def test_map_and_release(self) -> None:
        """Mapped at once, told, in the journal; after the stop nothing is left, not even a timer."""
        self.mapping.start()
        self.assertEqual({51820, 7766}, self.router.ports())
        self.assertEqual(Endpoint("203.0.113.5", 51820), self.mapping.usable()[FIRST])
        self.assertEqual(self.mapping.usable(), self.told[-1])
        self.assertEqual(["udp 51820 at 192.168.1.1", "tcp 7766 at 192.168.1.1"], [e.name for e in self.journal.noted])
        facts = self.mapping.facts()
        self.assertEqual(
            ("pcp", "192.168.1.1", "203.0.113.5:51820", LIFETIME_S, True, ""),
            (facts.method, facts.gateway, facts.external, facts.expires_s, facts.offered, facts.failure),
        )
        self.successResultOf(self.mapping.stop())
        self.assertEqual((set(), []), (self.router.ports(), self.journal.noted))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_renewed(self) -> None:
        """It stands for a day, and the journal is not written at each renewal."""
        self.mapping.start()
        written = 0
        for _ in range(24 * 60):
            before = list(self.journal.noted)
            self.run_for(60)
            written += before != self.journal.noted
        self.assertEqual(2, len(self.mapping.usable()))
        self.assertLessEqual(written, 2 * 24 * 3600 // LIFETIME_S + 2)
        self.assertEqual(2, len(self.journal.noted))
        renewals = [wish for _, _, wish in self.router.asked]
        self.assertLessEqual(renewals.count(SECOND), 24 * 3600 // (LIFETIME_S // 2) + 1)

    def test_router_restarted(self) -> None:
        """All is mapped anew within the check's interval."""
        self.mapping.start()
        self.run_for(10)
        self.router.restart()
        self.run_for(CHECK_S)
        self.assertEqual({51820, 7766}, self.router.ports())

    def test_no_router_maps(self) -> None:
        """A handful of questions, with the reason told once; asked again when the network changes."""
        self.router.methods = ()
        self.mapping.start()
        self.run_for(PAUSES_S[0] - LOOK_S)
        self.assertEqual(list(Method), [method for method, _, _ in self.router.asked])
        self.assertIn("maps no port", self.mapping.facts().failure)
        self.assertEqual([], self.journal.noted)
        self.run_for(24 * 3600)
        self.assertLess(len(self.router.asked), 100)
        self.router.methods, self.router.asked = (Method.IGD,), []
        self.machine.gateway = attrs.evolve(GATEWAY, address=IPv4Address("10.0.0.1"))
        self.run_for(LOOK_S)
        self.assertEqual("upnp-igd", self.mapping.facts().method)

    def test_double_nat(self) -> None:
        """A mapping that others cannot use is not offered; it is as soon as reflectors see that very address."""
        self.router.external = "100.64.1.2"
        self.mapping.start()
        facts = self.mapping.facts()
        self.assertEqual(("100.64.1.2:51820", False), (facts.external, facts.offered))
        self.assertIn("CGNAT", facts.failure)
        self.assertEqual([], self.told)
        self.router.external = "203.0.113.5"
        self.seen[:] = ["198.51.100.9"]
        self.run_for(CHECK_S + LOOK_S)
        self.assertIn("double NAT", self.mapping.facts().failure)
        self.seen[:] = ["203.0.113.5"]
        self.run_for(LOOK_S)
        self.assertEqual([FIRST], list(self.told[-1])[:1])

    def test_public_machine(self) -> None:
        """A machine with a public address asks nobody."""
        self.machine.gateway = attrs.evolve(GATEWAY, source=IPv4Address("203.0.113.9"))
        self.mapping.start()
        self.run_for(3600)
        self.assertEqual([], self.router.asked)
        self.assertTrue(self.mapping.facts().needless)

    def test_router_gone(self) -> None:
        """While the router says nothing the mapping is shown for some time, then not any more."""
        self.mapping.start()
        self.router.methods = ()
        self.run_for(CHECK_S + RETRY_S)
        self.assertIn(FIRST, self.mapping.usable())
        self.run_for(10 * RETRY_S)
        self.assertEqual({}, self.mapping.usable())
        self.assertEqual({}, self.told[-1])
        self.router.methods = (Method.PCP,)
        self.run_for(PAUSES_S[0] + LOOK_S)
        self.assertEqual(2, len(self.mapping.usable()))

    def test_stop_with_a_silent_router(self) -> None:
        """The stop does not wait longer than it may; the journal keeps what is left."""
        self.mapping.start()
        self.router.silent = True
        stopping = self.mapping.stop()
        self.assertNoResult(stopping)
        self.clock.advance(STOP_S)
        self.successResultOf(stopping)
        self.assertEqual(2, len(self.journal.noted))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_stop_while_asking(self) -> None:
        """A question under way is given up; what it may have left is in the journal."""
        self.router.silent = True
        self.mapping.start()
        self.assertEqual(1, len(self.router.asked))
        stopping = self.mapping.stop()
        self.clock.advance(STOP_S)
        self.successResultOf(stopping)
        self.assertEqual(1, len(self.journal.noted))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_one_refused(self) -> None:
        """Others are mapped all the same."""
        self.router.refuses = {7766}
        self.mapping.start()
        self.assertEqual([FIRST], list(self.mapping.usable()))
        self.assertEqual({SECOND: "not authorized"}, self.mapping.refused())
        self.assertEqual(1, len(self.journal.noted))

    def test_no_default_route(self) -> None:
        """Nothing to ask, which is said."""
        self.machine.gateway = None
        self.mapping.start()
        self.run_for(60)
        self.assertEqual([], self.router.asked)


@pytest.mark.needs("root", "ip", "nft", "miniupnpd")
class TestPcpNatpmpUpnp(TestCase):
    """The service at a real router, by each protocol: map, reached from outside, renew, release, crash."""

    timeout = 120

    def setUp(self) -> None:
        """The home network, and a journal on disk."""
        from twisted.internet import reactor

        self.world = MappedRouter(reactor)
        self.addCleanup(self.world.close)
        folder = TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "undo.jsonl"
        self.machine = MemoryMachine(gateway=REAL_GATEWAY)
        self.changed: Deferred[None] = Deferred()

    def make(self, method: Method) -> PortMapping:
        """A program that starts anew."""
        return PortMapping(
            self.world.reactor,
            self.machine,
            (FIRST, SECOND),
            UndoJournal(self.path),
            random=os.urandom,
            changed=self.tell,
            methods=(method,),
        )

    def tell(self) -> None:
        """Something changed."""
        changed, self.changed = self.changed, Deferred()
        changed.callback(None)

    async def until_both(self, mapping: PortMapping) -> None:
        """Both ports are mapped."""
        while len(mapping.usable()) < 2:
            await self.changed

    async def life(self, method: Method) -> None:
        """The whole life by one protocol."""
        mapping = self.make(method)
        mapping.start()
        await self.until_both(mapping)
        assert mapping.facts().method == method
        assert self.world.knocks_at(mapping.usable()[FIRST], FIRST.port)
        assert self.world.maps(Transport.TCP, SECOND.port)

        self.world.stop()  # the router is switched off and on, long after
        self.world.start()
        self.world.reactor.ahead += 2 * CHECK_S
        for _ in range(3):  # the first question may find that the router's HTTP port is another now
            await mapping.look()
            self.world.reactor.ahead += 2 * RETRY_S
        assert self.world.knocks_at(mapping.usable()[FIRST], FIRST.port)

        await mapping.stop()
        assert "dnat" not in self.world.rules()
        assert UndoJournal(self.path).entries() == []

    async def crash(self, method: Method) -> None:
        """A program that is killed leaves its mappings; the next one removes them before it does anything."""
        mapping = self.make(method)
        mapping.start()
        await self.until_both(mapping)
        await mapping.look()
        assert mapping._call is not None
        mapping._call.cancel()  # as good as dead: nothing is taken back
        assert self.world.maps(Transport.UDP, FIRST.port)
        journal = UndoJournal(self.path)
        assert len(journal.entries()) == 2
        assert await remove_leftovers(self.world.reactor, self.machine, journal, make=make_mapper) == 2
        assert "dnat" not in self.world.rules()
        assert UndoJournal(self.path).entries() == []

    async def test_pcp(self) -> None:
        """By PCP."""
        await self.life(Method.PCP)

    async def test_natpmp(self) -> None:
        """By NAT-PMP."""
        await self.life(Method.NAT_PMP)

    async def test_upnp(self) -> None:
        """By UPnP IGD."""
        await self.life(Method.IGD)

    async def test_pcp_crash(self) -> None:
        """By PCP."""
        await self.crash(Method.PCP)

    async def test_natpmp_crash(self) -> None:
        """By NAT-PMP."""
        await self.crash(Method.NAT_PMP)

    async def test_upnp_crash(self) -> None:
        """By UPnP IGD."""
        await self.crash(Method.IGD)
