"""A relay's allowances: binding anew gives no new one, and strangers use up nobody's."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.kernel_pairs import KernelPairs
from lanrage.core.relay import Bind, BindRequest, Bound
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_counters import Drop
from lanrage.core.relay_table import LIFETIME, RelayTable
from lanrage.core.tickets import open_ticket
from tests.core.relay_world import SERVER, WALL, counting, ticket

ANNA, BEN = Line("198.51.100.1", 5, 7800), Line("198.51.100.2", 5, 7800)


class AllowanceTests(SynchronousTestCase):
    """Anna and Ben are bound."""

    def setUp(self) -> None:
        """Ten packets at once, none after that."""
        self.table = RelayTable(SERVER.public, counting(), RelayLimits(packets=1e-6, packets_burst=10, control_burst=5))
        self.bind("anna", "ben", ANNA, b"t" * 8, 0.0)
        self.bind("ben", "anna", BEN, b"u" * 8, 0.0)

    def bind(self, name: str, other: str, line: Line, transaction: bytes, now: float) -> None:
        """As after cookie and signature."""
        shown = open_ticket(ticket(name, other), SERVER.public)
        self.table._place(Bind(transaction, b"", b"", b""), shown, line, now, WALL)

    def carried(self, now: float) -> int:
        """How many packets of Anna's pass."""
        return sum(self.table.forward(ANNA, 100, now) is not None for _ in range(50))

    def test_binding_anew(self) -> None:
        """However often, at whatever line, also after a farewell: what was spent is spent."""
        self.assertEqual(10, self.carried(1.0))
        for number in range(20):
            self.bind("anna", "ben", ANNA, number.to_bytes(8, "big"), 1.0 + number / 10)
            self.assertEqual(0, self.carried(1.0 + number / 10))
        self.table._remove(self.table._lines[ANNA], 4.0)
        self.bind("anna", "ben", ANNA, b"again..!", 4.0)
        self.assertEqual(0, self.carried(4.0))

    def test_memory(self) -> None:
        """What was spent is forgotten with time."""
        self.table._remove(self.table._lines[ANNA], 1.0)
        self.assertEqual(1, len(self.table._spent))
        self.table.expire(1.0 + LIFETIME)
        self.assertNotIn(1.0, [at for _, at in self.table._spent.values()])

    def test_strangers_at_the_same_host(self) -> None:
        """They spoof Anna's address, or share it: her refresh is answered all the same, at its own rate."""
        for port in range(1000, 1100):
            self.table.control(BindRequest(b"stranger"), Line(ANNA.host, port, 7800), 1.0, WALL)
        self.assertGreater(self.table.counters.dropped[Drop.CONTROL_LIMITED], 0)
        answers = self.table.control(BindRequest(b"t" * 8), ANNA, 1.0, WALL)
        self.assertEqual([Bound], [type(message) for _, message in answers])
        for _ in range(100):
            self.table.control(BindRequest(b"t" * 8), ANNA, 1.0, WALL)
        self.assertEqual([], self.table.control(BindRequest(b"t" * 8), ANNA, 1.0, WALL))


class KernelPairsTests(SynchronousTestCase):
    """What the kernel is to be told."""

    def test_nobody_asks(self) -> None:
        """While another firewall is in the way nobody takes the changes: they do not pile up."""
        pairs = KernelPairs(lambda: None)
        for port in range(1, 5000):
            one = Line("198.51.100.1", port, 7800)
            pairs.joined(one, BEN, 60.0)
            pairs.parted(one, BEN)
        self.assertEqual({}, pairs._dirty)
