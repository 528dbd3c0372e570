"""What an agent is asked: answered, refused, in parts, too late, never."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.agent_orders import ORDERS_LIMIT, PARTS_LIMIT, AgentOrders
from lanrage.core.game_orders import WAIT, WAIT_READING, Launch, LookMods, ModsFound, ModTold, decode_order
from lanrage.errors import BadInput, Refused

LAUNCH = Launch(game="openttd", address="10.66.0.2", port=3979)
MODS = LookMods(game="openttd")
PART = ModsFound(mods=[ModTold("a.tar")], more=True)
LAST = ModsFound(mods=[ModTold("b.tar")])


class OrdersTests(SynchronousTestCase):
    """One agent."""

    def setUp(self) -> None:
        """It notes what it is told."""
        self.clock, self.said = Clock(), list[str]()
        self.orders = AgentOrders(self.clock, 1000, self.said.append)

    def refusal(self, answer: Deferred[tuple[object, ...]]) -> str:
        """The code of a refusal."""
        code: str = self.failureResultOf(answer, Refused).value.code
        return code

    def test_done(self) -> None:
        """Each order has a number of its own, and its answer comes whatever the order of answers; no timer is left."""
        first, second = self.orders.ask(LAUNCH), self.orders.ask(LAUNCH)
        numbers = [decode_order(text).number for text in self.said]
        self.assertEqual(2, len(set(numbers)))
        self.orders.done(numbers[1], "", None)
        self.assertEqual((), self.successResultOf(second))
        self.assertNoResult(first)
        self.orders.done(numbers[0], "it is not installed", None)
        failure = self.failureResultOf(first, Refused)
        self.assertEqual(("agent_refused", "it is not installed"), (failure.value.code, failure.value.message))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_silence(self) -> None:
        """After its time it fails, a later answer is none; one that reads files has longer."""
        launch, mods = self.orders.ask(LAUNCH), self.orders.ask(MODS)
        self.clock.advance(WAIT - 0.1)
        self.assertNoResult(launch)
        self.clock.advance(0.1)
        self.assertEqual("agent_silent", self.refusal(launch))
        late = self.assertRaises(Refused, self.orders.done, decode_order(self.said[0]).number, "", None)
        self.assertEqual("no_order", late.code)
        self.assertNoResult(mods)
        self.clock.advance(WAIT_READING)
        self.assertEqual("agent_silent", self.refusal(mods))

    def test_parts(self) -> None:
        """They are given together, in their order."""
        mods = self.orders.ask(MODS)
        number = decode_order(self.said[0]).number
        self.orders.done(number, "", PART)
        self.assertNoResult(mods)
        self.orders.done(number, "", LAST)
        self.assertEqual((PART, LAST), self.successResultOf(mods))

    def test_parts_without_end(self) -> None:
        """An agent that tells more and more is believed nothing."""
        mods = self.orders.ask(MODS)
        number = decode_order(self.said[0]).number
        for _ in range(PARTS_LIMIT - 1):
            self.orders.done(number, "", PART)
        self.assertRaises(BadInput, self.orders.done, number, "", PART)
        self.assertEqual("agent_refused", self.refusal(mods))

    def test_answer_to_another_order(self) -> None:
        """A list for a start, and no list for a reading, are refused."""
        for order, found in ((LAUNCH, LAST), (MODS, None)):
            answer = self.orders.ask(order)
            error = self.assertRaises(BadInput, self.orders.done, decode_order(self.said[-1]).number, "", found)
            self.assertEqual("result", error.field)
            self.assertEqual("agent_refused", self.refusal(answer))

    def test_gone(self) -> None:
        """An agent that ends answers nothing; one that has too much to answer is asked nothing more."""
        answers = [self.orders.ask(LAUNCH) for _ in range(ORDERS_LIMIT)]
        self.assertEqual("busy", self.refusal(self.orders.ask(LAUNCH)))
        given_up = answers.pop()
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        answers.append(self.orders.ask(LAUNCH))
        self.orders.gone()
        self.assertEqual(["agent_gone"] * (ORDERS_LIMIT - 1), [self.refusal(each) for each in answers[:-1]])
        self.assertEqual("agent_gone", self.refusal(answers[-1]))
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual(ORDERS_LIMIT + 1, self.orders.count)


class OrdersMachine(RuleBasedStateMachine):
    """Orders, answers and time in any order: each order ends exactly once, and within its time."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.said = Clock(), list[str]()
        self.orders = AgentOrders(self.clock, 1000, self.said.append)
        self.asked: dict[int, tuple[Deferred[tuple[object, ...]], float]] = {}
        self.ended: dict[int, int] = {}

    @rule(reads=st.booleans())
    def ask(self, reads: bool) -> None:
        """One more, where there is room."""
        order = MODS if reads else LAUNCH
        answer = self.orders.ask(order)
        if answer.called:
            assert len(self.asked) == ORDERS_LIMIT
            answer.addErrback(lambda failure: failure.trap(Refused))
            return
        number = decode_order(self.said[-1]).number
        self.asked[number] = (answer, self.clock.seconds() + order.wait)
        answer.addBoth(lambda _: self._end(number))

    def _end(self, number: int) -> None:
        self.ended[number] = self.ended.get(number, 0) + 1
        del self.asked[number]

    @precondition(lambda self: self.said)
    @rule(data=st.data(), error=st.sampled_from(["", "no"]), found=st.sampled_from([None, PART, LAST]))
    def done(self, data: st.DataObject, error: str, found: ModsFound | None) -> None:
        """An answer to one of them, old or new, fit or not."""
        number = decode_order(data.draw(st.sampled_from(self.said))).number
        try:
            self.orders.done(number, error, found)
        except (Refused, BadInput):
            pass

    @rule(seconds=st.sampled_from([0.5, 5.0, 60.0]))
    def wait(self, seconds: float) -> None:
        """Time goes on."""
        self.clock.advance(seconds)

    @rule()
    def gone(self) -> None:
        """The agent ends."""
        self.orders.gone()
        assert not self.asked

    @invariant()
    def ends_once(self) -> None:
        """No order ends twice, none waits beyond its time, and a timer runs for each that waits."""
        assert set(self.ended.values()) <= {1}
        assert all(until > self.clock.seconds() for _, until in self.asked.values())
        assert len(self.clock.getDelayedCalls()) == len(self.asked)


TestOrdersMachine = OrdersMachine.TestCase
