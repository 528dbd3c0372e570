"""Plans carried out on a clock: all or nothing, undone the other way round, and nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.task_runner import PLANS_KEPT, Job, PlanRun, TaskRunner
from lanrage.core.tasks import ENDED, TaskState
from lanrage.errors import LanrageError


class Bench:
    """A clock, a runner, and what was done in which order."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.runner = TaskRunner(self.clock, lambda: 0.0)
        self.told: list[str] = []
        self.open: dict[str, Deferred[Any]] = {}

    def job(self, name: str, *needs: str, at_once: bool = True, **wishes: Any) -> Job:
        """One that tells when it is done and undone; or one that waits until the test ends it."""

        def do() -> Any:
            self.told.append(name)
            if at_once:
                return name.upper()
            self.open[name] = Deferred()
            return self.open[name]

        return Job.of(name, do, lambda: self.told.append(f"undo {name}"), needs=needs, **wishes)

    def carry_out(self, *jobs: Job) -> Deferred[dict[str, Any]]:
        """All or nothing."""
        return Deferred.fromCoroutine(self.runner.carry_out("a plan", jobs))


class CarryOutTests(SynchronousTestCase):
    """All of it or nothing."""

    def setUp(self) -> None:
        self.bench = Bench()

    def test_results(self) -> None:
        """Each task's result by its name, whether it came at once, by a Deferred or by a coroutine."""

        async def work() -> int:
            return 7

        bench = self.bench
        done = bench.carry_out(bench.job("now"), bench.job("later", "now", at_once=False), Job.of("async", work))
        self.assertNoResult(done)
        bench.open["later"].callback("came")
        self.assertEqual({"now": "NOW", "later": "came", "async": 7}, self.successResultOf(done))
        self.assertEqual([], bench.clock.getDelayedCalls())

    def test_undone(self) -> None:
        """A failure cancels what runs, undoes what was done in reverse, and is told as it was."""
        bench = self.bench

        def fail() -> None:
            raise LanrageError("no room")

        last = Job.of("last", fail, needs=("b",))
        done = bench.carry_out(bench.job("a"), bench.job("b", "a"), bench.job("aside", at_once=False), last)
        self.assertEqual("no room", str(self.failureResultOf(done, LanrageError).value))
        self.assertEqual(["a", "aside", "b", "undo b", "undo a"], bench.told)
        self.assertIs(TaskState.CANCELLED, bench.runner.runs[0].plan.standings["aside"].state)

    def test_undo_that_fails(self) -> None:
        """It is logged with its task, and the others are undone all the same."""
        bench = self.bench
        bad = Job.of("bad", lambda: None, lambda: 1 / 0, needs=("a",))
        done = bench.carry_out(bench.job("a"), bad, Job.of("last", dict[str, int]().popitem, needs=("bad",)))
        self.failureResultOf(done, KeyError)
        self.assertEqual(["a", "undo a"], bench.told)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_cancelled(self) -> None:
        """Who cancels the whole waits until what ran has ended, and what was done is undone."""
        bench = self.bench
        done = bench.carry_out(bench.job("a"), bench.job("b", "a", at_once=False), bench.job("c", "b"))
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual(["a", "b", "undo a"], bench.told)

    def test_timeout(self) -> None:
        """A task's time is told in its error, not as a cancellation."""
        done = self.bench.carry_out(self.bench.job("slow", at_once=False, timeout=4.0))
        self.bench.clock.pump([2, 2])
        self.assertEqual("a plan: slow: it took longer than 4 s", str(self.failureResultOf(done, LanrageError).value))

    def test_given_up(self) -> None:
        """What does not end when it is cancelled is given up; should it be done later, it is undone at once."""
        bench = self.bench
        gate: Deferred[None] = Deferred()

        async def work() -> None:
            try:
                await Deferred()
            except CancelledError:
                await gate

        stubborn = Job.of("stubborn", work, lambda: bench.told.append("undone"), timeout=2.0, grace=1.0)
        done = bench.carry_out(stubborn)
        bench.clock.pump([1, 1, 1])
        self.assertIn("did not end within 1 s", str(self.failureResultOf(done, LanrageError).value))
        self.assertEqual([], bench.told)
        gate.callback(None)
        self.assertEqual(["undone"], bench.told)
        self.assertEqual([], bench.clock.getDelayedCalls())

    def test_retry(self) -> None:
        """A task is tried again after its pause, and what it gives in the end counts."""
        tries: list[int] = []

        def flaky() -> int:
            tries.append(1)
            if len(tries) < 3:
                raise LanrageError("not yet")
            return len(tries)

        done = self.bench.carry_out(Job.of("flaky", flaky, retries=2, backoff=1.0))
        self.bench.clock.pump([1, 2])
        self.assertEqual({"flaky": 3}, self.successResultOf(done))

    def test_group(self) -> None:
        """One group's tasks are cancelled with what needs them; the others go on."""
        bench = self.bench
        jobs = [bench.job(name, at_once=False, group=name[0]) for name in ("x1", "x2", "y1")]
        run = bench.runner.begin("groups", [*jobs, bench.job("after", "x1")])
        run.group_cancelled("x", "not wanted")
        states = {name: standing.state for name, standing in run.plan.standings.items()}
        self.assertEqual({"x1": "cancelled", "x2": "cancelled", "y1": "running", "after": "skipped"}, states)
        bench.open["y1"].callback(None)
        self.assertTrue(run.plan.ended)

    def test_history(self) -> None:
        """The last plans are kept, those that run among them."""
        for _ in range(PLANS_KEPT + 5):
            self.successResultOf(self.bench.carry_out(self.bench.job("a")))
        waiting = self.bench.carry_out(self.bench.job("b", at_once=False))
        self.assertEqual(PLANS_KEPT + 1, len(self.bench.runner.runs))
        self.assertIsNone(self.bench.runner.runs[-1].ended)
        self.bench.open["b"].callback(None)
        self.successResultOf(waiting)
        self.assertEqual(PLANS_KEPT, len(self.bench.runner.runs))


class RunMachine(RuleBasedStateMachine):
    """A run whose tasks end in any order, at any time, well or badly, beside cancellations from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.run_: PlanRun | None = None
        self.limit = 1

    @precondition(lambda self: self.run_ is None)
    @rule(
        needs=st.lists(st.sets(st.integers(0, 4)), min_size=1, max_size=6),
        limit=st.integers(1, 3),
        timeout=st.none() | st.floats(1, 4),
        retries=st.integers(0, 1),
        whole=st.booleans(),
    )
    def begin(self, needs: list[set[int]], limit: int, timeout: float | None, retries: int, whole: bool) -> None:
        """A plan of tasks that need earlier ones."""
        jobs = [
            self.bench.job(
                f"t{number}",
                *(f"t{need}" for need in sorted(wanted) if need < number),
                at_once=False,
                timeout=timeout,
                retries=retries,
                grace=1.0,
            )
            for number, wanted in enumerate(needs)
        ]
        self.limit = limit
        self.run_ = self.bench.runner.begin("drawn", jobs, limit, whole=whole)

    def _end(self, data: st.DataObject, end: Callable[[Deferred[Any]], None]) -> None:
        names = sorted(name for name, each in self.bench.open.items() if not each.called)
        if names:
            end(self.bench.open[data.draw(st.sampled_from(names))])

    @precondition(lambda self: self.run_ is not None)
    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        """One that runs is done."""
        self._end(data, lambda each: each.callback(None))

    @precondition(lambda self: self.run_ is not None)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        """One that runs fails."""
        self._end(data, lambda each: each.errback(LanrageError("drawn")))

    @rule(seconds=st.floats(0.1, 5))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.bench.clock.advance(seconds)

    @precondition(lambda self: self.run_ is not None)
    @rule()
    def cancel(self) -> None:
        """Nothing of it is wanted any more."""
        assert self.run_ is not None
        self.run_.cancel("drawn")
        assert self.run_.plan.ended

    @invariant()
    def bounded(self) -> None:
        """Never more than allowed run, and a run that has ended leaves no timer."""
        if self.run_ is None:
            return
        running = [each for each in self.bench.open.values() if not each.called]
        assert len(running) <= self.limit
        assert self.run_.plan.ended == (self.run_.ended is not None) == self.run_.finished.called
        if self.run_.plan.ended:
            assert not running
            assert not self.bench.clock.getDelayedCalls()

    def teardown(self) -> None:
        """What was done is undone once each, the last first."""
        if self.run_ is None:
            return
        self.run_.cancel("the test is over")
        assert all(each.state in ENDED for each in self.run_.plan.standings.values())
        taken: list[None] = []
        Deferred.fromCoroutine(self.run_.take_back()).addCallback(taken.append)
        assert taken == [None]
        undone = [word.removeprefix("undo ") for word in self.bench.told if word.startswith("undo ")]
        assert undone == self.run_.plan.done[::-1]


RunMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestRunMachine = RunMachine.TestCase
