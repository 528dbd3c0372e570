"""The context of log lines: kept over await, taken along by timers and threads, never shared by accident."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.errors import BadInput
from lanrage.log_context import carried, clear_context, context, get_context, set_context


class ContextTests(SynchronousTestCase):
    """In one thread."""

    def setUp(self) -> None:
        self.addCleanup(clear_context)

    def test_set_and_clear(self) -> None:
        """Fields add up, an empty one goes, clearing leaves none."""
        set_context(peer_id="ann", party_id="p")
        set_context(peer_id="", game_id="chess")
        self.assertEqual({"party_id": "p", "game_id": "chess"}, get_context())
        clear_context()
        self.assertEqual({}, get_context())

    def test_unknown_field(self) -> None:
        """A field that nobody would find is refused by its name."""
        self.assertEqual("colour", self.assertRaises(BadInput, set_context, colour="red").field)

    def test_block(self) -> None:
        """A block's fields end with it, also when it fails."""
        set_context(party_id="p")
        with self.assertRaises(KeyError), context(correlation_id="c"):
            self.assertEqual({"party_id": "p", "correlation_id": "c"}, get_context())
            raise KeyError
        self.assertEqual({"party_id": "p"}, get_context())

    def test_over_await(self) -> None:
        """A coroutine goes on with its own context, whoever fires what it waits for; its caller's stays as it was."""
        seen: list[dict[str, str]] = []
        gate: Deferred[None] = Deferred()

        async def operation() -> None:
            set_context(correlation_id="one")
            await gate
            seen.append(get_context())

        done = Deferred.fromCoroutine(operation())
        set_context(correlation_id="two")
        gate.callback(None)
        self.successResultOf(done)
        self.assertEqual([{"correlation_id": "one"}], seen)
        self.assertEqual({"correlation_id": "two"}, get_context())

    def test_timer(self) -> None:
        """A carried call has the context of when it was made, each time that it is called."""
        clock = Clock()
        seen: list[dict[str, str]] = []

        def later() -> None:
            seen.append(get_context())
            set_context(peer_id="set by the call")

        with context(correlation_id="c"):
            call = carried(later)
        clock.callLater(1, call)
        clock.callLater(2, call)
        clock.pump([1, 1])
        self.assertEqual([{"correlation_id": "c"}] * 2, seen)
        self.assertEqual({}, get_context())


class ThreadTests(TestCase):
    """In another thread."""

    def test_thread(self) -> Deferred[None]:
        """A carried call takes the context into a thread."""
        with context(correlation_id="c"):
            seen = deferToThread(carried(get_context))
        return seen.addCallback(self.assertEqual, {"correlation_id": "c"})
