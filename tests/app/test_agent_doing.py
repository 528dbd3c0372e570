"""What an agent does with orders, and what it answers."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.agent_doing import OrderDoing
from lanrage.core.game_orders import ERROR_LIMIT, Found, Launch, LookMods, ModsFound, ModTold, encode_order
from lanrage.errors import MissingRight, Refused, Unreachable

LAUNCH = encode_order(Launch(number=3, game="openttd", address="10.66.0.2", port=3979))
MODS = encode_order(LookMods(number=4, game="openttd"))
PARTS = (ModsFound(mods=[ModTold("a.tar")], more=True), ModsFound(mods=[ModTold("b.tar")]))


class DoingTests(SynchronousTestCase):
    """One agent that starts games, as it is told, and reads lists."""

    def setUp(self) -> None:
        """It notes what it answers."""
        self.told: list[tuple[int, str, Found | None]] = []
        self.starting: Deferred[tuple[()]] = Deferred()
        self.doing = OrderDoing({Launch: self._launch, LookMods: self._look})

    def _launch(self, order: Launch) -> Deferred[tuple[()]]:
        return self.starting

    async def _look(self, order: LookMods) -> tuple[ModsFound, ...]:
        return PARTS

    async def tell(self, number: int, error: str, found: Found | None) -> None:
        """The node's ear."""
        self.told.append((number, error, found))

    def take(self, text: str) -> None:
        """The node asks."""
        self.doing.take(text, self.tell)

    def test_answered_when_it_is_done(self) -> None:
        """Not before."""
        self.take(LAUNCH)
        self.assertEqual([], self.told)
        self.starting.callback(())
        self.assertEqual([(3, "", None)], self.told)

    def test_parts(self) -> None:
        """Each is told, in order."""
        self.take(MODS)
        self.assertEqual([(4, "", each) for each in PARTS], self.told)

    def test_why_not(self) -> None:
        """An error of the house is the answer, on one line and short; another one is told as such, and logged."""
        self.take(LAUNCH)
        self.starting.errback(MissingRight("it is\nnot \x1b[31minstalled " + "x" * 999))
        number, error, found = self.told.pop()
        self.assertEqual((3, None, ERROR_LIMIT), (number, found, len(error)))
        self.assertTrue(error.startswith("it is not [31minstalled x"))
        self.starting = Deferred()
        self.take(LAUNCH)
        self.starting.errback(ZeroDivisionError("within"))
        self.assertEqual([(3, "the agent met an error of its own; its log says more", None)], self.told)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_not_known(self) -> None:
        """An order of a later version, or of a kind that nobody does here, is answered; one without a number cannot."""
        self.take('{"order":"dance","number":9}')
        self.take('{"order":"dance"}')
        self.doing = OrderDoing({})
        self.take(MODS)
        self.assertEqual([9, 4], [number for number, _, _ in self.told])
        self.assertTrue(all(error and found is None for _, error, found in self.told))

    def test_stopped(self) -> None:
        """What is under way is given up and not answered."""
        self.take(LAUNCH)
        self.doing.stop()
        self.assertTrue(self.starting.called)
        self.assertEqual([], self.told)

    def test_node_does_not_listen(self) -> None:
        """An answer that is not taken ends nothing: neither a refused one, nor one that cannot be told."""
        for error in (Refused("no_order", "too late"), Unreachable("gone"), ZeroDivisionError("within")):

            async def deaf(number: int, why: str, found: Found | None, error: Exception = error) -> Any:
                raise error

            self.doing.take(MODS, deaf)
        self.take(MODS)
        self.assertEqual(len(PARTS), len(self.told))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    @given(st.text(max_size=80))
    def test_any_text(self, text: str) -> None:
        """A node may say anything: nothing is started by it that is no order, and the next order is done."""
        self.told.clear()
        self.take(text)
        self.assertTrue(all(error and found is None for _, error, found in self.told))
        self.told.clear()
        self.take(MODS)
        self.assertEqual([(4, "", each) for each in PARTS], self.told)
