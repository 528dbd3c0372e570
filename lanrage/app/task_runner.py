"""Carries plans of tasks out (:mod:`lanrage.core.tasks`), undoes half-done ones, and remembers how they went."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context, copy_context
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.patience import patiently
from lanrage.core.tasks import CONCURRENT, Step, Task, TaskPlan, TaskState
from lanrage.errors import LanrageError
from lanrage.log_context import carried

PLANS_KEPT = 20
"""Finished plans that are shown: an evening's."""

log = Logger()


def _nothing() -> None:
    """What takes nothing back."""


@attrs.frozen
class Job:
    """A task with its work.

    :param do: the work; what it returns, or what its awaitable gives, is the task's result.
    :param undo: takes the work back; called only when it was done.
    """

    task: Task
    do: Callable[[], Any]
    undo: Callable[[], Any] = _nothing

    @classmethod
    def of(cls, name: str, do: Callable[[], Any], undo: Callable[[], Any] = _nothing, **wishes: Any) -> Job:
        """With the task's other fields by name."""
        return cls(Task(name, **wishes), do, undo)


@attrs.define(eq=False)
class PlanRun:
    """One plan, from its start until it is taken back. Each task has the log context that the plan was begun with.

    :param whole: when a task fails without which the plan cannot succeed, the others are cancelled.
    :ivar results: of the tasks that are done.
    :ivar settled: fires when nothing goes on but optional tasks that are tried again, with this run; never fails.
    :ivar finished: fires when nothing runs any more, with this run; never fails.
    :ivar undone: the tasks that were taken back, in that order.
    """

    title: str
    plan: TaskPlan
    jobs: dict[str, Job]
    clock: IReactorTime
    draw: Callable[[], float]
    began: float
    whole: bool = False
    ended: float | None = None
    results: dict[str, Any] = attrs.field(factory=dict)
    undone: list[str] = attrs.field(factory=list)
    settled: Deferred[PlanRun] = attrs.field(factory=Deferred)
    finished: Deferred[PlanRun] = attrs.field(factory=Deferred)
    failures: dict[str, Failure] = attrs.field(factory=dict)
    _running: dict[str, Deferred[Any]] = attrs.field(factory=dict)
    _context: Context = attrs.field(factory=copy_context)
    _timer: IDelayedCall | None = None
    _stepping: bool = False
    _given_up: set[str] = attrs.field(factory=set)

    def advance(self) -> None:
        """Do what is to be done now."""
        if self._stepping:
            return  # a task that ended at once: the loop below sees it
        self._stepping = True
        try:
            while steps := self._steps():
                for step, name in steps:
                    self._context.copy().run(self._carry_out, step, name)
        finally:
            self._stepping = False
        self._set_timer()
        if self.plan.settled and not self.settled.called:
            self.settled.callback(self)
        if self.plan.ended and self.ended is None:
            self.ended = self.clock.seconds()
            self.finished.callback(self)

    def _steps(self) -> list[tuple[Step, str]]:
        now = self.clock.seconds()
        if self.whole and self.plan.missed:
            self.plan.cancel(f"{self.plan.missed[0].task.name} failed", now)
        return self.plan.step(now)

    def cancel(self, reason: str, *, gently: bool = False) -> None:
        """Nothing more begins, and what runs is cancelled.

        :param gently: what runs goes on to its end.
        """
        self.plan.cancel(reason, self.clock.seconds(), gently=gently)
        self.advance()

    def group_cancelled(self, group: str, reason: str) -> None:
        """The same for one group's tasks, and for what needs them."""
        self.plan.cancel(reason, self.clock.seconds(), self.plan.group(group))
        self.advance()

    async def wait(self) -> None:
        """Until nothing runs any more; whoever waits may be cancelled without harm to the plan."""
        waiting: Deferred[None] = Deferred(lambda _: None)
        self.finished.addCallback(_told, waiting)
        await waiting

    async def take_back(self) -> None:
        """Undo what was done, the last first; what cannot be undone is logged, and the others go on."""
        for name in reversed(self.plan.done):
            if name in self.undone:
                continue
            self.undone.append(name)
            await self._undo(name)

    def let_go(self) -> None:
        """How it went is shown for long; what it worked with must not be held for that."""
        self.jobs = {name: job for name, job in self.jobs.items() if name in self._given_up}
        self.results.clear()
        self.failures.clear()

    async def _undo(self, name: str) -> None:
        try:
            await _awaited(self.jobs[name].undo)
        except Exception:  # the others must be undone all the same  # pylint: disable=broad-exception-caught
            log.failure("{task} of {plan} was not undone", task=name, plan=self.title)

    def _carry_out(self, step: Step, name: str) -> None:
        standing = self.plan.standings[name]
        match step:
            case Step.START:
                log.debug("{plan}: {task} begins", plan=self.title, task=name, attempt=standing.attempt)
                running = self._running[name] = _awaited(self.jobs[name].do)
                running.addCallbacks(
                    carried(self._succeeded), carried(self._failed), (name, running), errbackArgs=(name, running)
                )
            case Step.WARN:
                log.warn("{plan}: {task} takes long", plan=self.title, task=name, timeout=standing.task.timeout)
            case Step.CANCEL:
                log.debug("{plan}: {task} is cancelled: {reason}", plan=self.title, task=name, reason=standing.reason)
                self._running[name].cancel()
            case Step.ABANDON:
                log.error("{plan}: {task} is given up: {reason}", plan=self.title, task=name, reason=standing.reason)
                del self._running[name]
                self._given_up.add(name)  # should it be done one day, it is undone

    def _succeeded(self, result: Any, name: str, running: Deferred[Any]) -> Any:
        if self._running.get(name) is not running:  # given up: what it did nobody waits for
            return ensureDeferred(self._undo(name)) if name in self.jobs else None
        del self._running[name]
        self.results[name] = result
        self.plan.succeeded(name, self.clock.seconds())
        log.debug("{plan}: {task} is done", plan=self.title, task=name)
        self.advance()
        return None

    def _failed(self, failure: Failure, name: str, running: Deferred[Any]) -> None:
        if self._running.get(name) is not running:
            return
        del self._running[name]
        self.failures[name] = failure
        self.plan.failed(name, _sentence(failure), self.clock.seconds(), self.draw())
        log.debug("{plan}: {task} failed: {reason}", plan=self.title, task=name, reason=_sentence(failure))
        self.advance()

    def _set_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        due = self.plan.next_at()
        if due is not None:
            self._timer = self.clock.callLater(max(0.0, due - self.clock.seconds()), carried(self.advance))


class TaskRunner:
    """Runs plans on a clock.

    :param draw: gives numbers from 0 to 1.
    :ivar runs: those that run, and the last :data:`PLANS_KEPT` that ended.
    """

    def __init__(self, clock: IReactorTime, draw: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._draw = draw
        self._current: list[PlanRun] = []
        self._past: deque[PlanRun] = deque(maxlen=PLANS_KEPT)

    @property
    def runs(self) -> list[PlanRun]:
        """The oldest first."""
        return [*self._past, *self._current]

    def begin(self, title: str, jobs: Iterable[Job], limit: int = CONCURRENT, *, whole: bool = False) -> PlanRun:
        """Start a plan.

        :param title: what is done, for logs and users.
        :param whole: see :class:`PlanRun`.
        :raises BadInput: see :class:`TaskPlan`; nothing was begun.
        """
        given = list(jobs)
        plan = TaskPlan([job.task for job in given], limit)
        by_name = {job.task.name: job for job in given}
        run = PlanRun(title, plan, by_name, self._clock, self._draw, self._clock.seconds(), whole)
        self._current.append(run)
        run.finished.addCallback(self._over)
        run.advance()
        return run

    async def carry_out(self, title: str, jobs: Iterable[Job], limit: int = CONCURRENT) -> dict[str, Any]:
        """Do all of it or nothing: when a task fails the rest is cancelled, and what was done is undone.

        :returns: each task's result.
        :raises Exception: what the first task failed with.
        """
        run = self.begin(title, jobs, limit, whole=True)
        try:
            await run.wait()
        except BaseException:  # cancelled from outside
            run.cancel(f"{title} was cancelled")
            await patiently(Deferred.fromCoroutine(self._undone(run)))
            raise
        if run.plan.missed:
            cause = _cause(run)
            await patiently(Deferred.fromCoroutine(self._undone(run)))
            raise cause
        results = dict(run.results)
        run.let_go()
        return results

    async def _undone(self, run: PlanRun) -> None:
        """Nothing runs and nothing stands any more; who waits for it cannot cancel that."""
        await run.wait()
        await run.take_back()
        run.let_go()

    def _over(self, run: PlanRun) -> PlanRun:
        self._current.remove(run)
        self._past.append(run)
        return run


def _told(run: PlanRun, waiting: Deferred[None]) -> PlanRun:
    if not waiting.called:
        waiting.callback(None)
    return run


def _cause(run: PlanRun) -> Exception:
    """What the first of the failed tasks failed with."""
    for standing in run.plan.missed:
        failure = run.failures.get(standing.task.name)
        if standing.state is TaskState.FAILED and failure is not None and isinstance(failure.value, Exception):
            late = isinstance(failure.value, CancelledError)  # by its timeout, which the reason tells
            return failure.value if not late else LanrageError(f"{run.title}: {standing.task.name}: {standing.reason}")
    first = run.plan.missed[0]
    return LanrageError(f"{run.title}: {first.task.name}: {first.reason}")


def _sentence(failure: Failure) -> str:
    return failure.getErrorMessage() or type(failure.value).__name__


def _awaited(call: Callable[[], Any]) -> Deferred[Any]:
    """Call it; its coroutine, Deferred or plain value as a Deferred, its error as a failure."""

    async def work() -> Any:
        result = call()
        return await result if isinstance(result, Awaitable) else result

    return Deferred.fromCoroutine(work())
