"""What the parts of a node log, as data: life at INFO, operations at DEBUG, trouble at WARNING, failure at ERROR."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.address_watch import AddressWatch
from lanrage.app.lan import HOUSEKEEPING_SECONDS, LanPlane
from lanrage.app.peer_link import WriteKeepalive
from lanrage.app.port_mapping import PortMapping
from lanrage.app.roaming import SLEEP_LOOK, Roaming
from lanrage.core.identity import fingerprint
from lanrage.core.links import LocalAddress
from lanrage.core.mapping import Gateway, Transport, Wish
from lanrage.core.network_changes import SETTLE, Happening
from lanrage.errors import StoreError
from lanrage.log_context import context
from lanrage.logs.carry import carry_timers
from tests.app.links_case import LinksCase
from tests.app.node_world import NodeCase, reactor
from tests.fakes_control import SeededRandom
from tests.fakes_lan import MemoryCard, MemoryPort
from tests.fakes_links import MemoryEvents, MemoryJournal, MemoryMachine
from tests.fakes_mapping import GATEWAY, MemoryRouter
from tests.fakes_threads import ThreadClock
from tests.log_tape import start_tape
from tests.strategies_lan import PEER


class Trouble(MemoryMachine):
    """A machine on which something goes wrong as the test says."""

    error: Exception | None = None

    async def local_addresses(self) -> list[LocalAddress]:
        """This machine's addresses, or what is wrong."""
        if self.error is not None:
            raise type(self.error)(*self.error.args)
        return list(self.addresses)

    async def default_gateway(self) -> Gateway | None:
        """Its router, or what is wrong."""
        if self.error is not None:
            raise type(self.error)(*self.error.args)
        return self.gateway


class PartyTests(NodeCase):
    """Subsystem ``party``."""

    def test_life(self) -> Deferred[None]:
        """A party is founded, joined, governed and left; each line has the party, those of members the member."""
        return self.run_async(self._life())

    async def _life(self) -> None:
        self.addCleanup(carry_timers(reactor))
        await self.serve()
        anna, bert = await self.player("anna", 1), await self.player("bert", 2)
        tape = start_tape(self)
        created = await anna.create()
        await bert.join(created["code"])
        await self.until(lambda: tape.where(event="{name} is a full member of the party now"))
        await anna.node.kick(member="bert")
        await self.until(lambda: bert.node._life is not None and bert.node._life.saved is None)
        await anna.node.leave_party()
        told = tape.of("party", "party_id")
        self.assertEqual({created["party_id"]}, {line[2] for line in told})
        expected = [
            ("info", "the party {name} is founded"),
            ("info", "in the party {name} as {member}"),
            ("info", "{name} is in the party"),
            ("info", "the party took {member} in"),
            ("info", "{name} is out of the party"),
            ("warning", "this node is out of its party: {sentence}"),
            ("info", "this node leaves its party"),
            ("info", "this node goes out of its party"),
        ]
        self.assertEqual([], [event for event in expected if event not in [line[:2] for line in told]])
        they = fingerprint(bert.node._life.keys.identity.public).hex()  # type: ignore[union-attr]
        about = [
            line for line in tape.lines if line["namespace"] == "lanrage.app.party_log" and line["level"] == "info"
        ]
        self.assertEqual({(they, "bert")}, {(line["peer_id"], line["name"]) for line in about})

    def test_failure(self) -> Deferred[None]:
        """A machine that cannot take part is an error, and it is told when it can again."""
        return self.run_async(self._failure())

    async def _failure(self) -> None:
        await self.serve()
        anna = await self.player("anna", 1)
        await anna.create()
        await anna.stop()
        anna.machinery.broken = StoreError("no device")
        tape = start_tape(self)
        await anna.start()
        anna.machinery.broken = None
        await self.until(lambda: anna.node._life is not None and anna.node._life.session is not None)
        told = [line[:2] for line in tape.of("party") if line[0] in {"error", "warning"} or "again" in line[1]]
        expected = [
            ("error", "the party has no session here: {sentence}"),
            ("info", "the party's session stands again"),
        ]
        self.assertEqual(expected, told)


class ConnectionTests(LinksCase):
    """Subsystem ``connection``."""

    def test_life_and_trouble(self) -> None:
        """A link from its beginning to its end, and a peer that somebody else removed."""
        tape = start_tape(self)
        one, two = self.two()
        self.world.run(5.0)
        link = next(iter(one.links.peers.values()))
        self.successResultOf(Deferred.fromCoroutine(one.tunnel.remove_peer(link.peer_key)))
        self.world.run(5.0)
        self.world.meet("anna")
        self.world.run(1.0)
        they = fingerprint(two.keys.identity.public).hex()
        told = [line for line in tape.where(peer_id=they, party_id=self.world.kit.party_id) if line["level"] != "debug"]
        expected = [
            ("info", "path to {peer} is now {kind} {endpoint}: {reason}"),
            ("info", "link to {peer} is up after {ms:.0f} ms"),
            ("warning", "{peer} was missing from WireGuard"),
        ]
        seen = [(line["level"], line["event"]) for line in told]
        self.assertEqual(expected, [event for event in dict.fromkeys(seen) if event in expected])
        debug = {line["event"] for line in tape.where(peer_id=they, level="debug")}
        self.assertLessEqual({"link to {peer} begins", "{address} becomes a peer of {device}"}, debug)
        self.assertEqual({"connection"}, {line["subsystem"] for line in told})

    def test_failure(self) -> None:
        """An action with a bug is an error, with the peer in its line."""
        tape = start_tape(self)
        one, two = self.two()
        link = next(iter(one.links.peers.values()))
        link._device.write_keepalive = lambda: 1 // 0  # type: ignore[method-assign,assignment,return-value]
        link._do([WriteKeepalive()])
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        they = fingerprint(two.keys.identity.public).hex()
        self.assertEqual([("error", they)], [(line["level"], line["peer_id"]) for line in tape.where(level="error")])


class NetworkTests(SynchronousTestCase):
    """Subsystem ``network``."""

    def test_roaming(self) -> None:
        """What happens to the network at DEBUG, a sleep at INFO, late notice as WARNING; the party's id over timers."""
        clock, events, lead = Clock(), MemoryEvents(), [0.0]
        roaming = Roaming(
            clock, events, lambda ways: None, lambda s: None, lambda: (clock.seconds() + lead[0], clock.seconds())
        )
        self.addCleanup(carry_timers(clock))
        tape = start_tape(self)
        with context(party_id="p"):
            roaming.start()
        events.tell(Happening.ADDRESS)
        clock.advance(SETTLE)
        lead[0] = 60.0
        clock.advance(SLEEP_LOOK)
        roaming.stop()
        expected = [
            ("debug", "this machine's network: {what}", "p"),
            ("info", "this machine slept for {seconds:.0f} s", "p"),
        ]
        self.assertEqual(expected, tape.of("network", "party_id"))

    def test_addresses(self) -> None:
        """Another address is INFO; addresses that cannot be read are a warning, or an error where it is a bug."""
        trouble = Trouble()
        watch = AddressWatch(Clock(), trouble, lambda: None)
        trouble.addresses = [LocalAddress("eth0", 2, IPv4Address("192.0.2.1"), IPv4Network("192.0.2.0/24"), True)]
        tape = start_tape(self)
        for error in (StoreError("away"), ZeroDivisionError(), None):
            trouble.error = error
            self.successResultOf(Deferred.fromCoroutine(watch.look()))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        expected = [
            ("warning", "the addresses of this machine cannot be read: {error}"),
            ("error", "reading the addresses of this machine failed"),
            ("info", "this machine's addresses changed"),
        ]
        self.assertEqual(expected, tape.of("network"))


class NatTests(SynchronousTestCase):
    """Subsystem ``nat``."""

    def test_port_mapping(self) -> None:
        """Begin and end at DEBUG, what the router does at INFO, a router that fails as WARNING, a bug as ERROR."""
        clock, router, machine = ThreadClock(), MemoryRouter(), Trouble(gateway=GATEWAY)
        wishes: Any = (Wish(Transport.UDP, 51820),)
        tape = start_tape(self)
        mapping = PortMapping(
            *(clock, machine, wishes, MemoryJournal()),
            random=SeededRandom(1),
            seen=list,
            changed=lambda: None,
            now=clock.seconds,
            make=router.make,
        )
        mapping.start()
        for error in (StoreError("no answer"), ZeroDivisionError()):
            machine.error = error
            clock.advance(61.0)
        mapping.stop()
        self.flushLoggedErrors(ZeroDivisionError)
        expected = [
            ("debug", "port mapping begins"),
            ("info", "asking the router {gateway} to map ports"),
            ("warning", "port mapping: {error}"),
            ("error", "port mapping failed"),
            ("debug", "port mapping ends"),
        ]
        self.assertEqual(expected, [event for event in dict.fromkeys(tape.of("nat")) if event in expected])


class BroadcastTests(SynchronousTestCase):
    """Subsystem ``broadcast``."""

    def test_plane(self) -> None:
        """The plane's life at INFO, its members at DEBUG, unreadable addresses as WARNING, a bug as ERROR."""
        clock, trouble = Clock(), Trouble()
        plane = LanPlane(
            clock, MemoryCard(), MemoryPort(), IPv4Interface("10.66.0.1/24"), 7, own_addresses=trouble.local_addresses
        )
        self.addCleanup(carry_timers(clock))
        tape = start_tape(self)
        with context(party_id="p"):
            self.successResultOf(plane.startService())
            plane.set_members([PEER])
        for error in (StoreError("away"), ZeroDivisionError()):
            trouble.error = error
            clock.advance(HOUSEKEEPING_SECONDS)
        with context(party_id="p"):
            self.successResultOf(plane.stopService())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        expected = [
            ("info", "the LAN plane carries for {address} on {card}", "p"),
            ("debug", "the LAN plane carries for {count} members", "p"),
            ("warning", "this machine's addresses cannot be read: {error}", "p"),
            ("error", "reading this machine's addresses failed", "p"),
            ("info", "the LAN plane ends on {card}", "p"),
        ]
        self.assertEqual(expected, tape.of("broadcast", "party_id"))
