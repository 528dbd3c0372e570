"""Actions of one peer: in order, each after the one before it."""

from __future__ import annotations

from collections.abc import Awaitable

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.action_queue import ActionQueue


class Work:
    """Does at once what is lower case, waits with what is upper case, fails with ``!``; ``+`` asks for two more."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.waiting: Deferred[None] | None = None
        self.overlapped = False
        self.queue = ActionQueue(self.perform)

    def perform(self, item: str) -> Awaitable[None] | None:
        """One item."""
        self.overlapped |= self.waiting is not None
        self.done.append(item)
        if item == "!":
            raise RuntimeError("it fails")
        if item == "+":
            self.queue.put("ab")
            self.done.append("-")
        if item.isupper():
            self.waiting = Deferred()
            return self.waiting
        return None

    def go_on(self, error: Exception | None = None) -> None:
        """What is waited for happens."""
        waiting, self.waiting = self.waiting, None
        assert waiting is not None
        if error is not None:
            waiting.errback(error)
        else:
            waiting.callback(None)


class ActionQueueTests(SynchronousTestCase):
    """The queue."""

    def test_at_once(self) -> None:
        """Where nothing waits, items are carried out before put returns."""
        work = Work()
        work.queue.put("abc")
        work.queue.put("d")
        self.assertEqual(list("abcd"), work.done)

    def test_awaiting_holds(self) -> None:
        """An item that waits holds those behind it, also those that come later."""
        work = Work()
        work.queue.put("aBc")
        work.queue.put("d")
        self.assertEqual(list("aB"), work.done)
        work.go_on()
        self.assertEqual(list("aBcd"), work.done)
        work.queue.put("e")
        self.assertEqual(list("aBcde"), work.done)

    def test_failures(self) -> None:
        """One that fails, at once or while waited for, is logged, and the others go on."""
        work = Work()
        work.queue.put("a!Bc")
        work.go_on(ValueError("no"))
        self.assertEqual(list("a!Bc"), work.done)
        logged = [type(failure.value) for failure in self.flushLoggedErrors()]
        self.assertEqual([RuntimeError, ValueError], logged)

    def test_more_while_at_it(self) -> None:
        """Items that an item itself asks for come after it, and after those that wait already."""
        work = Work()
        work.queue.put("+Xc")
        self.assertEqual(list("+-X"), work.done)
        work.go_on()
        self.assertEqual(list("+-Xcab"), work.done)

    def test_close(self) -> None:
        """Closing lets the running item end, drops the others, and takes no more."""
        work = Work()
        work.queue.put("Abc")
        closing = Deferred.fromCoroutine(work.queue.close())
        self.assertNoResult(closing)
        work.queue.put("d")
        work.go_on()
        self.assertIsNone(self.successResultOf(closing))
        self.assertEqual(["A"], work.done)

    def test_close_idle(self) -> None:
        """Nothing runs: closed at once; also a second time."""
        work = Work()
        work.queue.put("a")
        for _ in range(2):
            self.successResultOf(Deferred.fromCoroutine(work.queue.close()))

    @given(st.lists(st.text("abXY+", max_size=5), max_size=8), st.lists(st.booleans(), max_size=60))
    def test_never_two(self, puts: list[str], moves: list[bool]) -> None:
        """However items come and end, they run one at a time, each once, in order."""
        work, wanted = Work(), 0
        for items in puts:
            work.queue.put(items)
            wanted += len(items)
            if work.waiting is not None and moves and moves.pop():
                work.go_on()
        while work.waiting is not None:
            work.go_on()
        self.assertFalse(work.overlapped)
        own = [item for item in work.done if item != "-"]
        self.assertEqual(wanted + 2 * own.count("+"), len(own))
        if "+" not in own:
            self.assertEqual("".join(puts), "".join(own))
