"""A role as one service: its parts start one after another, and stop in the other order."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.metering import Metering
from lanrage.app.patience import patiently
from lanrage.app.task_runner import Job, PlanRun, TaskRunner
from lanrage.core.tasks import TaskState
from lanrage.errors import LanrageError, StoreError
from lanrage.store.disk_trouble import may_pass

ATTEMPTS = 1_000_000
"""Of starting a part that a role can do without, a minute apart in the end: for as long as the service runs."""
DISK_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds until a part that waits for its disk is tried again; the last one again and again."""
NEXT = "next"
"""So begins a line of a greeting that says what to do."""
TITLES = {"control": "control server", "embedded relay": "relay", "control outside": "look from outside"}
"""What users know parts by, where their classes' names are no words for that."""


class RoleService(MultiService):
    """One role's services. A part that cannot start ends the process with one sentence, not a traceback.

    :param parts: each has ``startService``; those with a ``started`` Deferred are waited for, in order.
    :param greeting: called once all run; says where they listen and what to do next.
    :param optional: those of the parts that the role can do without, each with the optional parts that it needs itself:
        one that cannot start is tried again, after longer and longer pauses, and the others run meanwhile.
    :param patient: those that wait for their disk, where that is read-only or full: it is told once, the parts before
        them run meanwhile, and any other trouble ends the process.
    :ivar tasks: carries the starting out.
    :ivar starting: how far that is, once it has begun.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        parts: Sequence[Service],
        greeting: Callable[[], list[str]],
        *,
        optional: Mapping[Service, Sequence[Service]] | None = None,
        patient: Collection[Service] = (),
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._reactor = reactor
        self._greeting = greeting
        self._optional, self._patient = optional or {}, patient
        self._names = dict(zip(parts, _names(parts), strict=True))
        self.tasks = TaskRunner(reactor)
        self.starting: PlanRun | None = None
        self._told: dict[str, str] = {}

    def startService(self) -> None:
        """Start the parts one after another."""
        super().startService()  # type: ignore[no-untyped-call]
        self.starting = self.tasks.begin("start", self._jobs(), whole=True)
        self.starting.settled.addCallback(self._settled)

    def surround(self, first: Service, last: Service) -> None:
        """Add a part before all others and one after them, before the role starts; it cannot do without either."""
        parts = [first, *self._names, last]
        self._names = dict(zip(parts, _names(parts), strict=True))

    def words(self) -> list[str]:
        """What there is to say of a role that has started: what is not well, else where it listens."""
        return self.troubles() or [line for line in self._greeting() if not line.startswith(NEXT)]

    def stands(self, part: Service) -> bool:
        """Whether a part has started."""
        return self.starting is not None and self._names[part] in self.starting.plan.done

    def troubles(self) -> list[str]:
        """A sentence for each part that is not there, or not whole."""
        standings = self.starting.plan.standings.values() if self.starting is not None else []
        away = [each for each in standings if each.task.optional and each.reason and each.state is not TaskState.DONE]
        found = [f"the {_title(each.task.name)} does not run, and is tried again: {each.reason}" for each in away]
        return [*found, *(part.trouble for part in self._names if isinstance(part, Metering) and part.trouble)]

    def _jobs(self) -> Iterator[Job]:
        """Each part needs those before it that the role cannot do without."""
        before: tuple[str, ...] = ()
        for part, name in self._names.items():
            do, undo = functools.partial(self._start_part, name, part), functools.partial(self._stop_part, part)
            if part in self._optional:
                needs = (*before, *(self._names[other] for other in self._optional[part]))
                yield Job.of(name, do, undo, needs=needs, optional=True, retries=ATTEMPTS, grace=None)
            else:
                yield Job.of(name, do, undo, needs=before, grace=None)
                before = (name,)

    async def _start_part(self, name: str, part: Service) -> None:
        pauses = itertools.chain(DISK_PAUSES, itertools.repeat(DISK_PAUSES[-1]))
        while not await self._stands(name, part):
            await deferLater(self._reactor, next(pauses))

    async def _stands(self, name: str, part: Service) -> bool:
        """Start a part; false where it waits for its disk."""
        try:
            await self._try_part(name, part)
        except StoreError as error:
            if part not in self._patient or not may_pass(error):
                raise
            self._warn(name, error)
            return False
        return True

    async def _try_part(self, name: str, part: Service) -> None:
        try:
            part.startService()
            started = getattr(part, "started", None)
            if started is not None:
                await patiently(started)
        except BaseException as error:
            await self._stop_part(part)
            if part in self._optional:
                self._warn(name, error)
            raise

    def _warn(self, name: str, error: BaseException) -> None:
        """Tell of an optional part's failure, once for each sentence; one of ours comes with its traceback."""
        sentence = str(error)
        if isinstance(error, CancelledError) or self._told.get(name) == sentence:
            return
        self._told[name] = sentence
        if isinstance(error, LanrageError):
            self.log.warn(
                "the {part} does not run, and is tried again: {sentence}", part=_title(name), sentence=sentence
            )
        else:
            self.log.failure("the {part} does not run, and is tried again", Failure(error), part=_title(name))

    def _settled(self, run: PlanRun) -> PlanRun:
        if not self.running:
            return run
        missed = run.plan.missed
        failures = [run.failures[each.task.name] for each in missed if each.task.name in run.failures]
        if failures and failures[0].check(LanrageError):
            self._fail(str(failures[0].value))
        elif failures:  # a bug: its traceback belongs into the log
            self.log.failure("LANrage cannot start", failures[0])
            self._fail("an unexpected error; see the log above")
        elif not missed:
            for line in self._greeting():
                self.log.info("ready: {line}", line=line)
        return run

    def _fail(self, sentence: str) -> None:
        """End twistd with status 1 and one sentence; it knows no other way than its interpreter's exit."""
        self.log.critical("LANrage cannot start: {sentence}", sentence=sentence)
        atexit.register(_exit_failed, sentence)
        self._reactor.callWhenRunning(self._reactor.stop)

    def stopService(self) -> Deferred[None]:
        """Stop the parts, the last first, each after the other."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self.starting is not None:
            self.starting.cancel("the service stops")
            await self.starting.wait()
            await self.starting.take_back()

    async def _stop_part(self, part: Service) -> None:
        try:
            stopping = part.stopService()
            if isinstance(stopping, Deferred):
                await stopping
        except Exception:  # the others must stop all the same  # pylint: disable=broad-exception-caught
            self.log.failure("{part} did not stop well", part=type(part).__name__)


def _names(parts: Sequence[Service]) -> Iterator[str]:
    """What each part is called, from its class: a second one of a class gets a number."""
    seen: Counter[str] = Counter()
    for part in parts:
        words = re.findall(r"[A-Z][a-z0-9]*", type(part).__name__.removesuffix("Service"))
        name = " ".join(words).lower()
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} {seen[name]}"


def _title(name: str) -> str:
    return TITLES.get(name, name)


def _exit_failed(sentence: str) -> None:
    if sys.__stderr__ is not None:  # twistd makes log events of what is written to sys.stderr
        sys.__stderr__.write(f"lanrage: {sentence}\n")
        sys.__stderr__.flush()
    sys.stdout.flush()
    os._exit(1)
