"""Plans of tasks: what may begin when, what follows from a failure, and when patience is over (``docs/tasks.rst``).

Pure: :meth:`TaskPlan.step` says what is to be done now, :mod:`lanrage.app.task_runner` does it and tells how it went.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import attrs

from lanrage.core.task_order import ordered
from lanrage.errors import BadInput

CONCURRENT = 8
"""Tasks of a plan that run at once unless it says otherwise."""
WARN_SHARE = 0.5
"""Of a task's time, after which it is called slow."""
BACKOFF_FACTOR = 2.0
JITTER = 0.5
"""A pause is between half of its length and the whole, so that many nodes do not come at once."""


class Priority(enum.IntEnum):
    """Which of the tasks that may begin goes first; among equals, the one that was named first."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3
    BACKGROUND = 4


class TaskState(enum.StrEnum):
    """Where a task stands."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDING = "ending"
    """It was cancelled, and has not ended yet."""
    PAUSED = "paused"
    """It failed and is tried again after a while."""
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


MOVES: dict[TaskState, frozenset[TaskState]] = {
    TaskState.WAITING: frozenset({TaskState.RUNNING, TaskState.SKIPPED, TaskState.CANCELLED}),
    TaskState.RUNNING: frozenset(
        {TaskState.DONE, TaskState.FAILED, TaskState.PAUSED, TaskState.ENDING, TaskState.CANCELLED}
    ),
    TaskState.ENDING: frozenset({TaskState.DONE, TaskState.FAILED, TaskState.PAUSED, TaskState.CANCELLED}),
    TaskState.PAUSED: frozenset({TaskState.RUNNING, TaskState.CANCELLED}),
    TaskState.DONE: frozenset(),
    TaskState.FAILED: frozenset(),
    TaskState.SKIPPED: frozenset(),
    TaskState.CANCELLED: frozenset(),
}
"""What may follow on what."""
ENDED = frozenset(state for state, after in MOVES.items() if not after)
HELD = frozenset({TaskState.RUNNING, TaskState.ENDING})
"""Those that count towards the number at once."""


def _positive(_task: Any, field: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not value > 0:
        raise BadInput(field.name, f"{value!r} is not a number of seconds above 0")


@attrs.frozen
class Task:
    """One step of a plan.

    :param needs: names of the tasks that must be done before.
    :param group: a word by which several are cancelled together.
    :param timeout: seconds of one attempt; half of it calls it slow, all of it cancels it. ``None``: as long as it
        takes.
    :param grace: seconds after a cancellation, at whose end it is given up; ``None``: it is waited for.
    :param retries: further attempts after the first.
    :param backoff: seconds before the second attempt; each pause is twice the one before.
    :param longest_backoff: seconds that no pause is longer than.
    :param optional: the plan succeeds without it.
    """

    name: str
    needs: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    group: str = ""
    timeout: float | None = attrs.field(default=None, validator=_positive)
    grace: float | None = attrs.field(default=5.0, validator=_positive)
    retries: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    backoff: float = attrs.field(default=1.0, validator=_positive)
    longest_backoff: float = attrs.field(default=60.0, validator=_positive)
    optional: bool = False

    def pause(self, attempt: int, share: float) -> float:
        """Seconds after a failed attempt.

        :param attempt: which one it was, from 1.
        :param share: drawn from 0 to 1.
        """
        whole = min(self.longest_backoff, self.backoff * BACKOFF_FACTOR ** min(attempt - 1, 64))
        return whole * (1 - JITTER * share)


class Step(enum.Enum):
    """What is to be done with a task."""

    START = "start"
    WARN = "warn"
    """It takes long."""
    CANCEL = "cancel"
    """Its time is over, or it is not wanted any more."""
    ABANDON = "abandon"
    """It did not end when it was cancelled; what becomes of it is of no interest any more."""


@attrs.define
class Standing:
    """How far a task is.

    :ivar reason: why it failed, was skipped or cancelled; empty otherwise.
    :ivar began: of the attempt that runs or ran last.
    :ivar due: when the next step is, whatever happens.
    :ivar unwanted: it was cancelled from outside, not for its time.
    """

    task: Task
    state: TaskState = TaskState.WAITING
    attempt: int = 0
    reason: str = ""
    began: float | None = None
    ended: float | None = None
    due: float | None = None
    warned: bool = False
    unwanted: bool = False

    def move(self, state: TaskState) -> None:
        """Go into another state."""
        if state not in MOVES[self.state]:
            raise AssertionError(f"{self.task.name}: {self.state} to {state}")
        self.state = state
        self.due = None


class TaskPlan:
    """Tasks that depend on each other.

    :param limit: how many run at once.
    :raises BadInput: a name twice, a need that is no task, a cycle (which is named).
    """

    def __init__(self, tasks: Iterable[Task], limit: int = CONCURRENT) -> None:
        if limit < 1:
            raise BadInput("limit", "at least one task must run")
        self.limit = limit
        self.standings = {task.name: Standing(task) for task in ordered(list(tasks))}
        self._cancelling: list[str] = []
        self._done: list[str] = []

    # --- what to do ---------------------------------------------------------------------------------------------------

    def step(self, now: float) -> list[tuple[Step, str]]:
        """What is to be done now, each told once; call it again after each event and at :meth:`next_at`."""
        cancelled, self._cancelling = self._cancelling, []
        steps = [(Step.CANCEL, name) for name in cancelled if self.standings[name].state is TaskState.ENDING]
        for name, standing in self.standings.items():
            if standing.due is not None and now >= standing.due:
                steps += [(step, name) for step in self._overdue(standing, now)]
        return [*steps, *((Step.START, name) for name in self._startable(now))]

    def next_at(self) -> float | None:
        """When :meth:`step` must be called at the latest; ``None`` when only an event brings the plan on."""
        return min((each.due for each in self.standings.values() if each.due is not None), default=None)

    def _overdue(self, standing: Standing, now: float) -> Iterator[Step]:
        task, began = standing.task, standing.began or 0.0
        if standing.state is TaskState.ENDING:
            reason = standing.reason or "it was cancelled"
            self._fail(standing, f"{reason}, and it did not end within {task.grace:g} s", now)
            yield Step.ABANDON
        elif standing.state is TaskState.RUNNING and task.timeout is not None:
            standing.due = began + task.timeout
            if not standing.warned:
                standing.warned = True
                yield Step.WARN
            if now >= began + task.timeout:
                self._end(standing, f"it took longer than {task.timeout:g} s", now)
                yield Step.CANCEL

    def _startable(self, now: float) -> Iterator[str]:
        room = self.limit - sum(each.state in HELD for each in self.standings.values())
        ready = [each for each in self.standings.values() if self._ready(each, now)]
        for standing in sorted(ready, key=lambda each: each.task.priority)[: max(0, room)]:
            standing.move(TaskState.RUNNING)
            standing.attempt += 1
            standing.began, standing.warned, standing.reason = now, False, ""
            timeout = standing.task.timeout
            standing.due = None if timeout is None else now + timeout * WARN_SHARE
            yield standing.task.name

    def _ready(self, standing: Standing, now: float) -> bool:
        if standing.state is TaskState.PAUSED:
            if standing.due is not None and now >= standing.due:
                standing.due = None  # from now on it waits for room alone
            return standing.due is None
        needs = standing.task.needs
        return standing.state is TaskState.WAITING and all(
            self.standings[need].state is TaskState.DONE for need in needs
        )

    # --- what happened ------------------------------------------------------------------------------------------------

    def succeeded(self, name: str, now: float) -> None:
        """A task that was started is done, be it while it was being cancelled."""
        standing = self.standings[name]
        standing.move(TaskState.DONE)
        standing.ended, standing.reason = now, ""
        self._done.append(name)

    def failed(self, name: str, reason: str, now: float, share: float = 0.0) -> None:
        """A task that was started failed; one that was cancelled ended.

        :param reason: in words.
        :param share: drawn from 0 to 1, for the pause before the next attempt.
        """
        standing = self.standings[name]
        ending = standing.state is TaskState.ENDING
        if standing.unwanted:
            self._drop(standing, TaskState.CANCELLED, standing.reason, now)
            return
        reason = standing.reason if ending else reason
        if standing.attempt > standing.task.retries:
            self._fail(standing, reason, now)
            return
        standing.move(TaskState.PAUSED)
        standing.reason = reason
        standing.due = now + standing.task.pause(standing.attempt, share)

    def cancel(self, reason: str, now: float, names: Collection[str] | None = None, *, gently: bool = False) -> None:
        """These tasks, or all, are not wanted any more; what runs is cancelled, the rest never begins.

        :param gently: what runs goes on to its end, which is its last.
        """
        for name in list(self.standings) if names is None else names:
            standing = self.standings[name]
            if standing.state is TaskState.RUNNING and gently:
                standing.unwanted, standing.reason = True, reason
            elif standing.state is TaskState.RUNNING:
                standing.unwanted = True
                self._end(standing, reason, now)
                self._cancelling.append(name)
            elif standing.state is TaskState.ENDING:
                standing.unwanted = True
            elif standing.state not in ENDED:
                self._drop(standing, TaskState.CANCELLED, reason, now)

    def group(self, group: str) -> list[str]:
        """The names of a group's tasks."""
        return [name for name, standing in self.standings.items() if standing.task.group == group]

    def _end(self, standing: Standing, reason: str, now: float) -> None:
        standing.move(TaskState.ENDING)
        grace = standing.task.grace
        standing.reason, standing.due = reason, None if grace is None else now + grace

    def _fail(self, standing: Standing, reason: str, now: float) -> None:
        self._drop(standing, TaskState.FAILED, reason, now)

    def _drop(self, standing: Standing, state: TaskState, reason: str, now: float) -> None:
        """It ends without being done, and with it all that need it."""
        standing.move(state)
        standing.reason, standing.ended = reason, now
        word = "failed" if state is TaskState.FAILED else "was cancelled"
        lost, cause = {standing.task.name}, f"needs {standing.task.name}, which {word}: {reason}"
        for other in self.standings.values():  # in an order in which needs come first
            if other.state is TaskState.WAITING and lost & set(other.task.needs):
                other.move(TaskState.SKIPPED)
                other.reason, other.ended = cause, now
                lost.add(other.task.name)

    # --- how it stands ------------------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Nothing begins or runs any more."""
        return all(each.state in ENDED for each in self.standings.values())

    @property
    def settled(self) -> bool:
        """Nothing goes on but optional tasks that failed once and are tried again, and those that wait for them."""
        later: set[str] = set()
        for name, each in self.standings.items():  # in an order in which needs come first
            again = each.attempt > 1 or each.state is TaskState.PAUSED
            waits = each.state is TaskState.WAITING and bool(later & set(each.task.needs))
            if each.state not in ENDED:
                if not (each.task.optional and (again or waits)):
                    return False
                later.add(name)
        return True

    @property
    def missed(self) -> list[Standing]:
        """What keeps the plan from success: tasks that are not optional and ended without being done."""
        return [
            each
            for each in self.standings.values()
            if each.state in ENDED - {TaskState.DONE} and not each.task.optional
        ]

    @property
    def done(self) -> list[str]:
        """In the order in which they became so; undoing goes the other way."""
        return list(self._done)
