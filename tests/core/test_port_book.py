"""Ports that are given to others' sockets, against a plain model."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.port_book import EACH, IDLE_SECONDS, PORTS, REST_SECONDS, PortBook, Socket

ONE, OTHER = IPv4Address("192.168.1.50"), IPv4Address("192.168.1.51")


class PortBookTests(SynchronousTestCase):
    """What a console and a friend ask for."""

    def test_own_number(self) -> None:
        """A free number is kept; one that is taken, here or by another, is replaced by one of ours."""
        book = PortBook(lambda port: port != 7000)
        self.assertEqual(book.give((ONE, 3074), 0.0), 3074)
        self.assertEqual(book.find((ONE, 3074), 1.0), 3074)
        self.assertEqual([book.give((OTHER, 3074), 0.0), book.give((ONE, 7000), 0.0)], [PORTS[0], PORTS[1]])
        self.assertIsNone(book.find((OTHER, 1), 0.0))

    def test_too_many(self) -> None:
        """One owner cannot use all up; and where nothing is free, nothing is given."""
        book = PortBook(lambda port: True)
        given = [book.give((ONE, 2000 + number), 0.0) for number in range(EACH + 1)]
        self.assertEqual((given.count(None), given[-1]), (1, None))
        self.assertEqual(book.give((OTHER, 2000), 0.0), PORTS[0])
        self.assertIsNone(PortBook(lambda port: False).give((ONE, 2000), 0.0))

    def test_rest(self) -> None:
        """An idle port is taken back, and rests before another owner has it."""
        book = PortBook(lambda port: True)
        book.give((ONE, 3074), 0.0)
        self.assertEqual(book.take_back(IDLE_SECONDS, lambda owner: True), {})
        self.assertEqual(book.take_back(IDLE_SECONDS + 1, lambda owner: True), {(ONE, 3074): 3074})
        self.assertEqual(book.give((OTHER, 3074), IDLE_SECONDS + 2), PORTS[0])
        self.assertEqual(book.give((ONE, 3074), IDLE_SECONDS + REST_SECONDS + 2), 3074)
        self.assertEqual(set(book.take_back(700.0, lambda owner: owner == ONE)), {(OTHER, 3074)})
        self.assertEqual(book.given(), {(ONE, 3074): 3074})


class PortBookMachine(RuleBasedStateMachine):
    """Whatever is asked: no port has two owners, is given soon after it was another's, or is in use here."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.busy = {61001, 3000}
        self.book = PortBook(lambda port: port not in self.busy)
        self.ended: dict[int, float] = {}

    @rule(owner=st.sampled_from([ONE, OTHER]), port=st.sampled_from([3000, 3001, 3002, 61000, 61001, 61002]))
    def ask(self, owner: IPv4Address, port: int) -> None:
        """A socket sends."""
        asking: Socket = (owner, port)
        known = self.book.given().get(asking)
        found = self.book.find(asking, self.now)
        assert found == known
        if found is None:
            given = self.book.give(asking, self.now)
            assert given is not None
            assert given not in self.busy
            assert given == port or given in PORTS
            assert self.now - self.ended.get(given, -1e9) >= REST_SECONDS

    @rule(seconds=st.sampled_from([1.0, 150.0, 301.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule(gone=st.sampled_from([ONE, OTHER, None]))
    def forget(self, gone: IPv4Address | None) -> None:
        """Idle ports are taken back, and those of one who went."""
        before = self.book.given()
        back = self.book.take_back(self.now, lambda owner: owner != gone)
        assert back.items() <= before.items()
        assert not any(owner == gone for owner, _ in self.book.given())
        self.ended |= dict.fromkeys(back.values(), self.now)

    @invariant()
    def apart(self) -> None:
        """Each port has one owner."""
        ports = list(self.book.given().values())
        assert len(ports) == len(set(ports))


PortBookMachine.TestCase.settings = settings(stateful_step_count=30, max_examples=60)
TestPortBookMachine = PortBookMachine.TestCase
