"""The timing decorator: what it measures, and what it leaves as it was."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, inlineCallbacks
from twisted.internet.task import Clock, deferLater
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.timed_operations import TIMED
from lanrage.core.timings import WARN_PAUSE
from lanrage.errors import BadInput
from lanrage.log_context import context
from lanrage.timing import MARK, TIMINGS, Timings, timing_decorator


class TimingCase(SynchronousTestCase):
    """Timings by a clock that stands still unless it is told."""

    def setUp(self) -> None:
        """A clock, and timings by it."""
        self.clock = Clock()
        self.timings = Timings(self.clock.seconds, lambda: 1000.0 + self.clock.seconds())

    def counted(self, name: str = "a.b") -> tuple[int, int, int, float]:
        """Calls, failures, cancelled, seconds."""
        calls = self.timings.calls[name]
        return calls.calls, calls.failures, calls.cancelled, calls.seconds

    def works(self, seconds: float, error: Exception | None = None) -> Callable[[], str]:
        """A timed function that takes so long, and fails with `error` where one is given."""

        @self.timings.decorator("a.b")
        def work() -> str:
            self.clock.advance(seconds)
            if error is not None:
                raise error
            return "done"

        return work


class FunctionTests(TimingCase):
    """Plain functions."""

    def test_result_and_time(self) -> None:
        """The result is the function's, its time is counted."""
        work = self.works(2.0)
        self.assertEqual((work(), work()), ("done", "done"))
        self.assertEqual(self.counted(), (2, 0, 0, 4.0))

    def test_failure(self) -> None:
        """What it raises comes out as it is, and is counted."""
        error = ValueError("no")
        work = self.works(1.0, error)
        self.assertIs(self.failureResultOf(_fired(work), ValueError).value, error)
        self.assertEqual(self.counted(), (1, 1, 0, 1.0))

    def test_arguments_and_name(self) -> None:
        """Arguments get through, also of methods; name, docstring and signature stay."""

        class Adder:
            """With a timed method."""

            base = 1

            @self.timings.decorator("a.b")
            def add(self, one: int, *, two: int = 0) -> int:
                """Add."""
                return self.base + one + two

        self.assertEqual(Adder().add(2, two=3), 6)
        self.assertEqual((Adder.add.__name__, Adder.add.__doc__), ("add", "Add."))
        self.assertEqual(list(inspect.signature(Adder.add).parameters), ["self", "one", "two"])
        self.assertEqual(getattr(Adder.add, MARK), "a.b")

    def test_generators_are_refused(self) -> None:
        """A generator's work is done after its function returned: it is no silent 0 s."""

        def count() -> Iterator[int]:
            yield 1

        self.assertRaises(BadInput, self.timings.decorator("a.b"), count)

    def test_two_functions_of_one_operation(self) -> None:
        """They share the counts; other thresholds are refused."""
        self.works(1.0)()
        self.works(2.0)()
        self.assertEqual(self.counted(), (2, 0, 0, 3.0))
        self.assertRaises(BadInput, self.timings.decorator, "a.b", slow=3.0)
        self.assertRaises(BadInput, self.timings.decorator, "a.c", sample=0)

    def test_sample(self) -> None:
        """One call of three is timed and stands for three; each is carried out."""
        done: list[int] = []

        @self.timings.decorator("a.b", sample=3)
        def work(number: int) -> None:
            self.clock.advance(1.0)
            done.append(number)

        for number in range(7):
            work(number)
        self.assertEqual(done, list(range(7)))
        self.assertEqual(self.counted(), (6, 0, 0, 6.0))
        self.assertEqual(len(self.timings.calls["a.b"].recent), 2)


class CoroutineTests(TimingCase):
    """Coroutines."""

    def test_waits_included(self) -> None:
        """It is timed until it ends; it stays a coroutine function, and does not start before it is awaited."""

        @self.timings.decorator("a.b")
        async def work() -> str:
            await deferLater(self.clock, 3.0)
            return "done"

        self.assertTrue(inspect.iscoroutinefunction(work))
        waiting = work()
        self.clock.advance(10.0)
        result = Deferred.fromCoroutine(waiting)
        self.clock.advance(3.0)
        self.assertEqual(self.successResultOf(result), "done")
        self.assertEqual(self.counted(), (1, 0, 0, 3.0))

    def test_failure_and_cancellation(self) -> None:
        """Both come out as they are; to be given up is no failure."""

        @self.timings.decorator("a.b")
        async def work(error: Exception | None) -> None:
            await deferLater(self.clock, 1.0)
            if error is not None:
                raise error

        failing, given_up = (Deferred.fromCoroutine(work(error)) for error in (ValueError("no"), None))
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        self.clock.advance(1.0)
        self.failureResultOf(failing, ValueError)
        self.assertEqual(self.counted(), (2, 1, 1, 1.0))

    def test_coroutine_of_a_plain_function(self) -> None:
        """A function that makes a coroutine is timed until that ends."""

        async def wait() -> str:
            await deferLater(self.clock, 2.0)
            return "done"

        work = self.timings.decorator("a.b")(lambda: wait())  # pylint: disable=unnecessary-lambda
        result = Deferred.fromCoroutine(work())
        self.assertNotIn("done", self.timings.calls)
        self.clock.advance(2.0)
        self.assertEqual(self.successResultOf(result), "done")
        self.assertEqual(self.counted(), (1, 0, 0, 2.0))


class DeferredTests(TimingCase):
    """Functions that return a Deferred."""

    def test_the_very_deferred(self) -> None:
        """The caller gets the object itself, with its result; the time is until it fired."""
        made: Deferred[str] = Deferred()
        got = self.timings.decorator("a.b")(lambda: made)()
        self.assertIs(got, made)
        self.assertEqual(self.counted(), (0, 0, 0, 0.0))
        self.clock.advance(2.0)
        made.callback("done")
        self.assertEqual(self.successResultOf(got), "done")
        self.assertEqual(self.counted(), (1, 0, 0, 2.0))

    def test_fired_before(self) -> None:
        """One that has fired keeps its result for its caller."""
        work = self.timings.decorator("a.b")(lambda: deferLater(self.clock, 0.0, lambda: [1]))
        got = work()
        self.clock.advance(0.0)
        self.assertEqual(self.successResultOf(got), [1])

    def test_cancel_reaches_the_canceller(self) -> None:
        """To cancel it calls its own canceller, and counts as given up."""
        cancelled: list[Deferred[None]] = []
        made: Deferred[None] = Deferred(cancelled.append)
        got = self.timings.decorator("a.b")(lambda: made)()
        got.cancel()
        self.assertEqual(cancelled, [made])
        self.failureResultOf(got, CancelledError)
        self.assertEqual(self.counted(), (1, 0, 1, 0.0))

    def test_failure(self) -> None:
        """The failure is the caller's to treat: the very one, and who treats it not is told so as ever."""
        error = ValueError("no")
        made: Deferred[None] = Deferred()
        got = self.timings.decorator("a.b")(lambda: made)()
        made.errback(error)
        self.assertIs(self.failureResultOf(got, ValueError).value, error)
        self.assertEqual(self.counted(), (1, 1, 0, 0.0))

    def test_untreated_failure_is_still_logged(self) -> None:
        """The decorator's look at a failure is no treatment of it."""
        self.timings.decorator("a.b")(lambda: fail(ValueError("nobody looks")))()
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_inline_callbacks(self) -> None:
        """A generator in the hands of ``inlineCallbacks`` is such a function."""

        @self.timings.decorator("a.b")
        @inlineCallbacks
        def work() -> Any:
            yield deferLater(self.clock, 1.5)
            return "done"

        got = work()
        self.clock.advance(1.5)
        self.assertEqual(self.successResultOf(got), "done")
        self.assertEqual(self.counted(), (1, 0, 0, 1.5))


class SpokenTests(TimingCase):
    """What is said of calls, and the slowest of them."""

    def test_lines_only_for_listeners(self) -> None:
        """A DEBUG line for each call, where somebody listens."""
        work = self.works(0.5)
        with capturedLogs() as silent:
            work()
        self.timings.lines = True
        with capturedLogs() as told:
            work()
        self.assertEqual(silent, [])
        self.assertEqual(
            [(e["log_level"], e["operation"], e["seconds"], e["outcome"]) for e in told],
            [(LogLevel.debug, "a.b", 0.5, "done")],
        )

    def test_slow_calls_are_warned_of(self) -> None:
        """Above the threshold, once in a pause, with the number of those that were not told."""
        work = self.timings.decorator("s.l", slow=1.0)(self.clock.advance)
        with capturedLogs() as told:
            for seconds in (1.0, 1.5, 2.0, WARN_PAUSE, 3.0):
                work(seconds)
        self.assertEqual(
            [(e["log_level"], e["operation"], e["seconds"], e["limit"], e["unsaid"]) for e in told],
            [(LogLevel.warn, "s.l", 1.5, 1.0, 0), (LogLevel.warn, "s.l", WARN_PAUSE, 1.0, 1)],
        )
        self.assertEqual(self.timings.calls["s.l"].slow_calls, 4)

    def test_slowest(self) -> None:
        """The slowest calls keep when they ended and for what, also where another context fires the Deferred."""
        made: Deferred[None] = Deferred()
        with context(correlation_id="c1"):
            self.timings.decorator("a.b")(lambda: made)()
            self.works(1.0)()
        with context(correlation_id="c2"):
            self.clock.advance(4.0)
            made.callback(None)
        shown = [(call.seconds, call.ended, call.context) for call in self.timings.slowest.calls()]
        self.assertEqual(shown, [(5.0, 1005.0, {"correlation_id": "c1"}), (1.0, 1001.0, {"correlation_id": "c1"})])

    def test_span(self) -> None:
        """What begins in one place and ends in another is counted in the same way."""
        span = self.timings.span("a.b")
        span.note(2.5)
        self.assertEqual(self.counted(), (1, 0, 0, 2.5))
        self.assertEqual(getattr(span, MARK), "a.b")

    def test_reset(self) -> None:
        """After a reset the slowest are others, calls are counted apart, too; functions that are timed stay so."""
        work = self.works(1.0)
        work()
        self.timings.reset()
        calls = self.timings.calls["a.b"]
        self.assertEqual((calls.since_reset().calls, self.timings.slowest.calls()), (0, []))
        work()
        self.assertEqual((calls.since_reset().calls, self.counted()), (1, (2, 0, 0, 2.0)))


class ProcessTests(SynchronousTestCase):
    """The timings of this process."""

    def test_the_decorator_uses_them(self) -> None:
        """:func:`timing_decorator` counts in :data:`TIMINGS`, by the table's threshold."""
        work = timing_decorator("config.load")(lambda: None)
        calls = TIMINGS.calls["config.load"]
        before = calls.calls
        work()
        self.assertEqual((calls.calls, calls.slow), (before + 1, TIMED["config.load"].slow))


def _fired(work: Callable[[], str]) -> Deferred[str]:
    """A plain call's result or error as a Deferred."""

    async def call() -> str:
        return work()

    return Deferred.fromCoroutine(call())
