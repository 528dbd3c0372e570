"""Plans of tasks: order, priority, the number at once, failures and what they take along, time and retries."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.tasks import ENDED, MOVES, Priority, Step, Task, TaskPlan, TaskState
from lanrage.errors import BadInput


class OrderTests(SynchronousTestCase):
    """Which plans are refused, and what begins when."""

    def refused(self, field: str, words: str, *tasks: Task) -> None:
        """No plan is made of them."""
        error = self.assertRaises(BadInput, TaskPlan, tasks)
        self.assertEqual(field, error.field)
        self.assertIn(words, str(error))

    def test_cycle(self) -> None:
        """A circle is named as it goes round, without what merely leads into it."""
        entry = Task("entry", ("a",))
        self.refused("needs", "a -> b -> c -> a", entry, Task("a", ("b",)), Task("b", ("c",)), Task("c", ("a",)))
        self.refused("needs", "self -> self", Task("self", ("self",)))

    def test_names(self) -> None:
        """A name stands for one task, and a need for one of the plan."""
        self.refused("name", "two tasks 'a'", Task("a"), Task("b"), Task("a"))
        self.refused("needs", "'a' needs 'b'", Task("a", ("b",)))

    def test_numbers(self) -> None:
        """Times are above 0, and a plan runs one task at least."""
        for wrong in ({"timeout": 0}, {"grace": -1.0}, {"backoff": 0.0}):
            self.assertIn(next(iter(wrong)), self.assertRaises(BadInput, Task, "a", **wrong).field or "")
        self.assertEqual("limit", self.assertRaises(BadInput, TaskPlan, [], 0).field)

    def test_priorities(self) -> None:
        """Among those that may begin the most urgent goes first, then the one named first."""
        names = {"low": Priority.LOW, "one": Priority.NORMAL, "urgent": Priority.CRITICAL, "two": Priority.NORMAL}
        plan = TaskPlan([Task(name, priority=priority) for name, priority in names.items()], limit=1)
        seen = []
        while steps := plan.step(0):
            ((step, name),) = steps
            self.assertIs(Step.START, step)
            plan.succeeded(name, 0)
            seen.append(name)
        self.assertEqual(["urgent", "one", "two", "low"], seen)
        self.assertTrue(plan.ended)

    def test_states(self) -> None:
        """Every state is reached from the first, and none leaves an end."""
        reached, edge = {TaskState.WAITING}, {TaskState.WAITING}
        while edge:
            edge = {after for state in edge for after in MOVES[state]} - reached
            reached |= edge
        self.assertEqual(set(TaskState), reached)
        self.assertEqual({TaskState.DONE, TaskState.FAILED, TaskState.SKIPPED, TaskState.CANCELLED}, set(ENDED))


class FailureTests(SynchronousTestCase):
    """What a failure does to the others."""

    def test_dependents(self) -> None:
        """All that needs it, near and far, is skipped with the cause; the others go on."""
        plan = TaskPlan([Task("a"), Task("b", ("a",)), Task("c", ("b",)), Task("other")])
        plan.step(0)
        plan.failed("a", "no disk", 1)
        self.assertEqual("needs a, which failed: no disk", plan.standings["c"].reason)
        plan.succeeded("other", 2)
        self.assertTrue(plan.ended)
        self.assertEqual(["a", "b", "c"], [each.task.name for each in plan.missed])
        self.assertEqual(["other"], plan.done)

    def test_optional(self) -> None:
        """A plan succeeds without its optional tasks."""
        plan = TaskPlan([Task("a"), Task("extra", optional=True), Task("more", ("extra",), optional=True)])
        plan.step(0)
        plan.failed("extra", "not here", 0)
        plan.succeeded("a", 0)
        self.assertTrue(plan.ended)
        self.assertEqual([], plan.missed)

    def test_settled(self) -> None:
        """The plan's outcome waits for a first try of what is optional, not for a second, nor for what needs that."""
        extra = Task("extra", optional=True, retries=1)
        plan = TaskPlan(
            [Task("a"), extra, Task("more", ("extra",), optional=True), Task("last", ("more",), optional=True)]
        )
        plan.step(0)
        plan.succeeded("a", 0)
        self.assertFalse(plan.settled)
        plan.failed("extra", "not yet", 0)
        self.assertTrue(plan.settled)
        plan.step(plan.next_at() or 0)
        self.assertTrue(plan.settled)
        self.assertFalse(plan.ended)

    def test_retries(self) -> None:
        """It is tried again after pauses that double up to the longest, and fails with its last reason."""
        plan = TaskPlan([Task("a", retries=3, backoff=2.0, longest_backoff=5.0)])
        now, pauses = 0.0, []
        while not plan.ended:
            self.assertEqual([(Step.START, "a")], plan.step(now))
            plan.failed("a", f"at {now:g}", now)
            due = plan.next_at()
            if due is not None:
                self.assertEqual([], plan.step(due - 0.01))
                pauses.append(due - now)
                now = due
        self.assertEqual([2.0, 4.0, 5.0], pauses)
        self.assertEqual((TaskState.FAILED, "at 11"), (plan.standings["a"].state, plan.standings["a"].reason))

    def test_a_pause_that_waits_for_room(self) -> None:
        """Once its pause is over only an event brings it on: no time is named at which nothing could happen."""
        plan = TaskPlan([Task("again", retries=1), Task("long")], limit=1)
        plan.step(0)
        plan.failed("again", "no", 0)
        self.assertEqual([(Step.START, "long")], plan.step(0))
        self.assertEqual([], plan.step(1))
        self.assertIsNone(plan.next_at())
        plan.succeeded("long", 9)
        self.assertEqual([(Step.START, "again")], plan.step(9))

    @given(st.integers(1, 2000), st.floats(0, 1))
    def test_pause(self, attempt: int, share: float) -> None:
        """A pause is never longer than its limit, nor shorter than half of what the attempt asks for."""
        task = Task("a", backoff=1.0, longest_backoff=60.0)
        self.assertTrue(min(60.0, 2.0 ** min(attempt - 1, 6)) / 2 <= task.pause(attempt, share) <= 60.0)


class TimeTests(SynchronousTestCase):
    """Slow, cancelled, given up."""

    def setUp(self) -> None:
        self.plan = TaskPlan([Task("a", timeout=10.0, grace=3.0), Task("b", ("a",))])
        self.plan.step(0)

    def test_escalation(self) -> None:
        """Half of its time warns, all of it cancels, the grace gives it up, each once."""
        self.assertEqual(5.0, self.plan.next_at())
        self.assertEqual([(Step.WARN, "a")], self.plan.step(5))
        self.assertEqual([], self.plan.step(9.9))
        self.assertEqual([(Step.CANCEL, "a")], self.plan.step(10))
        self.assertEqual([(Step.ABANDON, "a")], self.plan.step(13))
        self.assertEqual("it took longer than 10 s, and it did not end within 3 s", self.plan.standings["a"].reason)
        self.assertIs(TaskState.SKIPPED, self.plan.standings["b"].state)
        self.assertIsNone(self.plan.next_at())

    def test_late(self) -> None:
        """Who looks late sees both at once."""
        self.assertEqual([(Step.WARN, "a"), (Step.CANCEL, "a")], self.plan.step(11))

    def test_it_ends_by_itself(self) -> None:
        """One that is done while it is cancelled is done; one that fails then failed for its time."""
        self.plan.step(10)
        self.plan.succeeded("a", 11)
        self.assertEqual([(Step.START, "b")], self.plan.step(11))
        other = TaskPlan([Task("a", timeout=10.0)])
        other.step(0)
        other.step(10)
        other.failed("a", "cancelled", 10)
        self.assertEqual("it took longer than 10 s", other.standings["a"].reason)

    def test_cancel(self) -> None:
        """What runs is told, what waits never begins, and what was not wanted is not tried again."""
        plan = TaskPlan([Task("a", retries=5, group="x"), Task("b", ("a",)), Task("c")])
        plan.step(0)
        plan.cancel("stopping", 1, plan.group("x"))
        self.assertEqual([(Step.CANCEL, "a")], plan.step(1))
        self.assertEqual([], plan.step(1))
        plan.failed("a", "cancelled", 1)
        self.assertIs(TaskState.CANCELLED, plan.standings["a"].state)
        self.assertEqual("needs a, which was cancelled: stopping", plan.standings["b"].reason)
        self.assertIs(TaskState.RUNNING, plan.standings["c"].state)


@attrs.frozen
class Drawn:
    """A plan without circles: each needs some of those before it."""

    tasks: tuple[Task, ...]
    limit: int


@st.composite
def plans(draw: st.DrawFn) -> Drawn:
    """Of up to eight tasks."""
    tasks: list[Task] = []
    for number in range(draw(st.integers(1, 8))):
        needs = draw(st.sets(st.sampled_from([task.name for task in tasks]))) if tasks else set()
        tasks.append(
            Task(
                f"t{number}",
                tuple(sorted(needs)),
                draw(st.sampled_from(Priority)),
                timeout=draw(st.none() | st.floats(1, 5)),
                grace=2.0,
                retries=draw(st.integers(0, 2)),
                optional=draw(st.booleans()),
            )
        )
    return Drawn(tuple(draw(st.permutations(tasks))), draw(st.integers(1, 4)))


class AnyPlanTests(SynchronousTestCase):
    """Whatever the tasks do, in whatever order."""

    @given(plans(), st.data())
    def test_rules(self, drawn: Drawn, data: st.DataObject) -> None:
        """None begins before its needs are done, never more than allowed run, each ends once, with a reason."""
        plan, now = TaskPlan(drawn.tasks, drawn.limit), 0.0
        running: set[str] = set()
        for _ in range(200):
            for step, name in plan.step(now):
                if step is Step.START:
                    self.assertTrue(set(plan.standings[name].task.needs) <= set(plan.done))
                    self.assertNotIn(name, running)
                    running.add(name)
                elif step is Step.ABANDON:
                    running.remove(name)
            self.assertTrue(len(running) <= drawn.limit)
            self.assert_most_urgent_run(plan)
            if plan.ended:
                break
            chosen = data.draw(st.sampled_from([*sorted(running), ""]))
            if not chosen or data.draw(st.booleans()):
                now = plan.next_at() or now + 1
            if not chosen:
                continue
            running.discard(chosen)
            if data.draw(st.booleans()):
                plan.succeeded(chosen, now)
            else:
                plan.failed(chosen, "drawn", now, data.draw(st.floats(0, 1)))
        else:
            plan.cancel("the test is over", now)
        self.assertEqual(len(plan.done), len(set(plan.done)))
        for standing in plan.standings.values():
            if standing.state in ENDED - {TaskState.DONE}:
                self.assertNotEqual("", standing.reason)
            if standing.state is TaskState.SKIPPED:
                self.assertTrue(any(plan.standings[need].state is not TaskState.DONE for need in standing.task.needs))

    def assert_most_urgent_run(self, plan: TaskPlan) -> None:
        """After a step nothing waits that could run while there is room."""
        held = [each for each in plan.standings.values() if each.state in {TaskState.RUNNING, TaskState.ENDING}]
        free = [
            each
            for each in plan.standings.values()
            if each.state is TaskState.WAITING and set(each.task.needs) <= set(plan.done)
        ]
        self.assertTrue(not free or len(held) == plan.limit)
