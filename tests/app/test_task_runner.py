"""Plans carried out on a clock: all or nothing, undone the other way round, and nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
        self.ignored: set[str] = set()

    def job(self, name: str, *needs: str, at_once: bool = True, **wishes: Any) -> Job:
        """One that tells when it is done and undone; or one that waits until the test ends it."""

        def do() -> Any:
            self.told.append(name)
            if at_once:
                return name.upper()
            self.open[name] = Deferred()
            return self.open[name]

        return Job.of(name, do, lambda: self.told.append(f"undo {name}"), needs=needs, **wishes)

    def stubborn(self, name: str, *needs: str, **wishes: Any) -> Job:
        """One that takes no notice when it is cancelled: it ends when the test ends it, and not before."""

        async def do() -> None:
            self.told.append(name)
            while True:
                self.open[name] = Deferred()
                try:
                    return await self.open[name]
                except CancelledError:
                    self.ignored.add(name)

        return Job.of(name, do, lambda: self.told.append(f"undo {name}"), needs=needs, **wishes)

    @property
    def unfinished(self) -> list[str]:
        """Whose work goes on, wanted or not."""
        return sorted(name for name, each in self.open.items() if not each.called)

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


GRACE = 1.0


class RunMachine(RuleBasedStateMachine):
    """A run whose tasks end in any order, at any time, well or badly, beside cancellations from outside; some take no
    notice of a cancellation, and are given up after their grace, or waited for where they have none."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.run_: PlanRun | None = None
        self.limit = 1
        self.grace: float | None = None
        self.late: list[str] = []
        """Who was done after it was given up."""

    @precondition(lambda self: self.run_ is None)
    @rule(
        needs=st.lists(st.tuples(st.sets(st.integers(0, 4)), st.booleans()), min_size=1, max_size=6),
        limit=st.integers(1, 3),
        timeout=st.none() | st.floats(1, 4),
        grace=st.none() | st.just(GRACE),
        retries=st.integers(0, 1),
        whole=st.booleans(),
    )
    def begin(self, needs: list[tuple[set[int], bool]], limit: int, whole: bool, **wishes: Any) -> None:
        """A plan of tasks that need earlier ones."""
        jobs = []
        for number, (wanted, stubborn) in enumerate(needs):
            before = [f"t{need}" for need in sorted(wanted) if need < number]
            make = self.bench.stubborn if stubborn else partial(self.bench.job, at_once=False)
            jobs.append(make(f"t{number}", *before, **wishes))
        self.limit, self.grace = limit, wishes["grace"]
        self.run_ = self.bench.runner.begin("drawn", jobs, limit, whole=whole)

    def given_up(self, name: str) -> bool:
        """Whether nobody waits for it any more."""
        assert self.run_ is not None
        return self.run_.plan.standings[name].state in ENDED

    def _end(self, name: str, end: Callable[[Deferred[Any]], None]) -> bool:
        """End one; whether it was given up before."""
        late = self.given_up(name)
        end(self.bench.open[name])
        return late

    def _one(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.bench.unfinished))

    @precondition(lambda self: self.bench.unfinished)
    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        """One that runs is done; one that was given up is undone at once."""
        name = self._one(data)
        if self._end(name, lambda each: each.callback(None)):
            self.late.append(name)
            assert self.bench.told[-1] == f"undo {name}"

    @precondition(lambda self: self.bench.unfinished)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        """One that runs fails; one that was given up has nobody who minds."""
        self._end(self._one(data), lambda each: each.errback(LanrageError("drawn")))

    @rule(seconds=st.floats(0.1, 5))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.bench.clock.advance(seconds)

    @precondition(lambda self: self.run_ is not None)
    @rule()
    def cancel(self) -> None:
        """Nothing of it is wanted any more: only those that take no notice go on, for their grace."""
        assert self.run_ is not None
        self.run_.cancel("drawn")
        held = {name for name, each in self.run_.plan.standings.items() if each.state not in ENDED}
        assert held <= self.bench.ignored
        assert all(self.run_.plan.standings[name].state is TaskState.ENDING for name in held)

    @invariant()
    def bounded(self) -> None:
        """Never more than allowed run, nobody is waited for beyond the grace, and a run that ended leaves no timer."""
        if self.run_ is None:
            return
        running = [name for name in self.bench.unfinished if not self.given_up(name)]
        assert len(running) <= self.limit
        assert set(self.bench.unfinished) - set(running) <= self.bench.ignored
        now = self.bench.clock.seconds()
        assert all(each.due is None or each.due >= now for each in self.run_.plan.standings.values())
        assert self.run_.plan.ended == (self.run_.ended is not None) == self.run_.finished.called
        if self.run_.plan.ended:
            assert not running
            assert not self.bench.clock.getDelayedCalls()

    def teardown(self) -> None:
        """What was done is undone once each, the last first; who is done later than that, at once."""
        if self.run_ is None:
            return
        self.run_.cancel("the test is over")
        self.bench.clock.advance(GRACE)
        for name in self.bench.unfinished:
            if not self.given_up(name):
                assert self.grace is None  # who cancels waits for it
                self._end(name, lambda each: each.errback(LanrageError("at last")))
        assert all(each.state in ENDED for each in self.run_.plan.standings.values())
        taken: list[None] = []
        Deferred.fromCoroutine(self.run_.take_back()).addCallback(taken.append)
        assert taken == [None]
        for name in self.bench.unfinished:
            self.late.append(name)
            self.bench.open[name].callback(None)
        undone = [word.removeprefix("undo ") for word in self.bench.told if word.startswith("undo ")]
        assert [name for name in undone if name not in self.late] == self.run_.plan.done[::-1]
        assert sorted(name for name in undone if name in self.late) == sorted(self.late)
        assert not set(self.late) & set(self.run_.plan.done)
        assert not self.bench.clock.getDelayedCalls()


RunMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestRunMachine = RunMachine.TestCase
