"""What every relay does, however it forwards: in the kernel or in userspace. Real sockets, in namespaces."""

from __future__ import annotations

import time

from lanrage.core.relay import Bind, BindRequest, Bound, Challenge, Named, Refusal, Rejected, Unbind, Unknown
from lanrage.wire.relay import encode
from tests.contracts_relay_case import DATA, RelayCase
from tests.core.relay_world import holder, ticket
from tests.relay_hosts import SILENCE, End, RelayProcess

FEW = {"packets": 50.0, "packets_burst": 50.0}
"""Limits at which a flood is short."""


class Base:
    """Not collected by itself: the cases below are the contract for one ``mode``."""

    class RelayContract(RelayCase):
        """One mode of the relay."""

        def test_both_ways(self) -> None:
            """From the receiver's port of the relay, whatever the size and the first bytes, and counted."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            before = relay.tell()
            sent = [DATA, b"\x01" + bytes(147), b"LRNG" + bytes(60), b"LR", b"x", bytes(range(256)) * 5, b"\0" * 40]
            for data in sent:
                self.passes(anna, ben, data)
                self.passes(ben, anna, data)
            words = relay.tell()
            counted = {name: words[name] - before[name] for name in ("packets", "bytes", "python_packets")}
            by_python = 0 if self.in_kernel else 14
            self.assertEqual({"packets": 14, "bytes": 2 * sum(map(len, sent)), "python_packets": by_python}, counted)

        def test_the_first_packets_may_come_at_once(self) -> None:
            """From both ends together, before and while the pair is joined."""
            relay = self.run_relay()
            anna, ben = self.hosts.end("anna", 51820, 7800), self.hosts.end("ben", 4242, 7803)
            anna.bind("anna", "ben")
            anna.send(DATA)
            ben.send(DATA)
            ben.bind("ben", "anna")
            for _ in range(20):
                self.passes(anna, ben)
                self.passes(ben, anna)
            self.settle(relay, 2)
            before = relay.tell()["python_packets"]
            self.passes(anna, ben)
            self.passes(ben, anna)
            self.assertEqual(before if self.in_kernel else before + 2, relay.tell()["python_packets"])

        def test_control_while_data_flows(self) -> None:
            """A refresh is answered by the process, from the right port; the data goes on."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            for end, other in ((anna, ben), (ben, anna)):
                self.passes(end, other)
                answer = end.ask(BindRequest(end.transaction))
                self.assertIsInstance(answer, Bound)
                self.passes(end, other)

        def test_named(self) -> None:
            """The operation that led to a binding is heard while data flows, once a binding, and its end is told."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            before = len(relay.tell()["named"])
            for operation in ("join-1", "join-2"):
                self.passes(anna, ben)
                anna.send(encode(Named(anna.transaction, operation)))
                self.passes(ben, anna)
            self.assertEqual(["join-1"], relay.tell()["named"][before:])
            anna.send(encode(Unbind(anna.transaction)))
            relay.until(bindings=1)
            self.assertEqual(["join-1", "-join-1"], relay.tell()["named"][before:])

        def test_two_pairs_of_the_same_sockets(self) -> None:
            """Two nodes in two parties: one more port of the relay each, and no mixing."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            party = bytes(16)
            anna.drain()
            more = [End(anna.socket, 7801, b"second.."), End(ben.socket, 7802, b"second..")]
            more[0].bind("anna", "ben", ticket("anna", "ben", party=party))
            more[1].bind("ben", "anna", ticket("ben", "anna", party=party))
            more[0].drain()
            self.settle(relay, 4)
            self.passes(more[0], more[1])
            self.passes(anna, ben)
            self.passes(more[1], more[0])
            self.passes(ben, anna)
            for end in more:
                end.send(encode(Unbind(end.transaction)))

        def test_another_address(self) -> None:
            """Anna binds from another port: data goes there, none of what the old one sends passes."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            self.passes(ben, anna)
            moved = self.hosts.end("anna", 51821, 7800)
            moved.bind("anna", "ben")
            self.settle(relay, 2)
            self.passes(moved, ben)
            self.passes(ben, moved)
            anna.send(DATA)
            self.silent(anna, ben)

        def test_another_partner_at_the_same_line(self) -> None:
            """Anna's socket and port serve another pair next: nothing of the flow before is left."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            self.passes(anna, ben)
            self.passes(ben, anna)
            eve = self.hosts.end("eve", 666, 7801)
            anna.transaction = b"another."
            anna.bind("anna", "eve")
            eve.bind("eve", "anna")
            self.settle(relay, 2)
            self.passes(anna, eve)
            self.passes(eve, anna)
            ben.send(DATA)
            self.silent(anna, ben, eve)

        def test_renewal(self) -> None:
            """The next ticket takes the place of the one before, and no packet is lost."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            for number in range(5):
                anna.transaction = b"renewed" + bytes([number])
                anna.bind("anna", "ben", ticket("anna", "ben", life=3600 + number))
                self.passes(anna, ben)
                self.passes(ben, anna)
            self.settle(relay, 2)
            self.passes(anna, ben)

        def test_expiry(self) -> None:
            """With the ticket's time; the pair may bind again."""
            relay = self.own_relay()
            anna, ben = self.hosts.end("anna", 51820, 7800), self.hosts.end("ben", 4242, 7803)
            anna.bind("anna", "ben", ticket("anna", "ben", life=4))
            ben.bind("ben", "anna")
            self.settle(relay, 2)
            self.passes(anna, ben)
            end = time.monotonic() + 15
            while ben.all_data(0.01) or relay.tell()["bindings"] == 2:
                self.assertLess(time.monotonic(), end, "it goes on")
                anna.send(DATA)
            self.settle(relay, 0)
            anna.send(DATA)
            self.silent(anna, ben)
            anna.bind("anna", "ben")
            self.settle(relay, 2)
            self.passes(anna, ben)

        def test_unbind(self) -> None:
            """The other end is told, and data stops both ways at once."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            self.passes(anna, ben)
            anna.send(encode(Unbind(anna.transaction)))
            told = ben.message()
            assert isinstance(told, Bound)
            self.assertFalse(told.peer_present)
            self.settle(relay, 0)
            for end in (anna, ben):
                end.send(DATA)
            self.silent(anna, ben)

        def test_restart(self) -> None:
            """A relay that was killed and comes back knows nobody, says so, and serves those who bind anew."""
            relay = self.own_relay()
            anna, ben = self.pair(relay)
            self.passes(anna, ben)
            relay.kill()
            anna.send(DATA)
            self.silent(anna, ben)
            relay = self.own_relay()
            anna.send(DATA)
            self.assertEqual(Unknown(), anna.message())
            moved = self.hosts.end("ben", 4243, 7803)
            anna.bind("anna", "ben")
            moved.bind("ben", "anna")
            self.settle(relay, 2)
            self.passes(anna, moved)
            self.passes(moved, anna)
            self.silent(ben)

        def test_a_flood(self) -> None:
            """A line passes its rate and no more; other lines pass all of theirs."""
            relay = self.own_relay(limits=FEW)
            anna, ben = self.pair(relay)
            eve, friend = self.hosts.end("eve", 666, 7801), self.hosts.end("ben", 4343, 7802)
            eve.bind("eve", "friend")
            friend.bind("friend", "eve")
            self.settle(relay, 4)
            began = time.monotonic()
            for number in range(1000):
                eve.send(DATA)
                if number % 50 == 0:
                    self.passes(anna, ben)
            passed = len(friend.all_data())
            lasted = time.monotonic() - began
            self.assertTrue(50 <= passed <= 50 + 50 * lasted + 1, f"{passed} in {lasted} s")
            self.assertGreaterEqual(relay.tell()["dropped_limited"], 1000 - 50 - 50 * lasted - 1)

        def test_strangers_data(self) -> None:
            """Nothing is forwarded; what is said back is fewer bytes than came in, and about the binding alone."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            for local in (7800, 7801, 7803):
                eve = self.hosts.end("eve", 0, local)
                for data in (
                    DATA,
                    b"\x01" + bytes(147),
                    b"LRNG" + bytes(60),
                    b"LRRL" + bytes(60),
                    b"x",
                    b"LRRL\x01\x07",
                ):
                    eve.send(data)
                    answer = eve.hear(SILENCE)
                    self.assertTrue(answer is None or (answer == encode(Unknown()) and len(answer) < len(data)))
            self.silent(anna, ben)
            self.passes(anna, ben)

        def refused(self, relay: RelayProcess, eve: End, bind: Bind, answer: object) -> None:
            """One small answer; no data of hers passes, the pair's does."""
            anna, ben = self.pair(relay)
            self.assertEqual(answer, eve.ask(bind))
            eve.send(DATA)
            self.silent(anna, ben, eve)
            self.passes(anna, ben)
            self.passes(ben, anna)

        def test_no_ticket(self) -> None:
            """Rubbish in its place."""
            relay = self.run_relay()
            eve = self.hosts.end("eve", 666, 7800)
            bind = eve.proof("anna", "ben", b"\0", "eve")
            self.refused(relay, eve, bind, Rejected(bind.transaction, Refusal.TICKET))

        def test_a_forged_ticket(self) -> None:
            """Signed by Eve."""
            relay = self.run_relay()
            eve = self.hosts.end("eve", 666, 7800)
            bind = eve.proof("anna", "ben", ticket("anna", "ben", key=holder("eve")))
            self.refused(relay, eve, bind, Rejected(bind.transaction, Refusal.TICKET))

        def test_an_expired_ticket(self) -> None:
            """Of before."""
            relay = self.run_relay()
            eve = self.hosts.end("eve", 666, 7800)
            bind = eve.proof("anna", "ben", ticket("anna", "ben", life=0))
            self.refused(relay, eve, bind, Rejected(bind.transaction, Refusal.EXPIRED))

        def test_a_ticket_of_another(self) -> None:
            """Anna's, which Eve saw: she cannot sign for it."""
            relay = self.run_relay()
            eve = self.hosts.end("eve", 666, 7800)
            bind = eve.proof("anna", "ben", signer="eve")
            self.refused(relay, eve, bind, Rejected(bind.transaction, Refusal.HOLDER))

        def test_a_bind_replayed_from_another_address(self) -> None:
            """Anna's very bytes: the cookie is not Eve's."""
            self.run_relay()
            anna = self.hosts.end("anna", 1234, 7801)
            bind = anna.proof("anna", "ben")
            self.assertIsInstance(anna.ask(bind), Bound)
            eve = self.hosts.end("eve", 666, 7801)
            self.assertIsInstance(eve.ask(bind), Challenge)
            eve.send(DATA)
            self.silent(anna)

        def test_a_ticket_for_another_pair(self) -> None:
            """Eve is bound, for a pair whose other end is not there: nobody hears her."""
            relay = self.run_relay()
            anna, ben = self.pair(relay)
            eve = self.hosts.end("eve", 666, 7800)
            self.assertFalse(eve.bind("eve", "anna").peer_present)
            eve.send(DATA)
            self.silent(anna, ben, eve)
            self.passes(anna, ben)
