"""Metrics and alerts of a process: sources, sampler, history, alerts, ``/metrics`` and notices, wired in one place."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage import __version__
from lanrage.app.alert_desk import AlertDesk
from lanrage.app.metering_config import MeteringSettings
from lanrage.app.metrics_archive import MetricsArchive
from lanrage.app.metrics_keeper import MetricsKeeper
from lanrage.app.metrics_of_history import nothing_stored
from lanrage.app.metrics_sampler import MetricsSampler, Sample, Source
from lanrage.app.notices import Notices
from lanrage.app.reactor_lag import ReactorLag
from lanrage.app.stall_watch import STALLS
from lanrage.core.alert_rules import rules
from lanrage.core.metric_reading import Reading
from lanrage.core.notice_targets import Target, TargetKind
from lanrage.core.notices import Notice, NoticeKind
from lanrage.core.steady_time import SteadyTime
from lanrage.net.metrics_port import MetricsPort
from lanrage.net.own_process import OwnProcess
from lanrage.store.metric_store import FILE, MetricStore
from lanrage.timing import TIMINGS
from lanrage.wire.exposition import CONTENT_TYPE, render

log = Logger()


class Metering(Service):
    """Measures while it runs.

    :param sources: of the role, by name.
    :param folder: of the role's state, where the history is kept if it is to be; ``None``: in memory alone.
    :param history: name of its file: of each service that may have this folder its own.
    :param wall: seconds since the epoch.
    :param agent: makes the notices' requests; a test's own.
    :ivar notices: who is told of what happens here.
    :ivar started: fires when ``/metrics`` is open; fails with :class:`BadInput`, field ``metrics-listen``.
    """

    def __init__(
        self,
        reactor: Any,
        settings: MeteringSettings,
        sources: Mapping[str, Source],
        folder: Path | None = None,
        *,
        history: str = FILE,
        wall: Callable[[], float] = time.time,
        agent: Any = None,
    ) -> None:
        self._reactor, self._settings = reactor, settings
        self._began = reactor.seconds()
        self._wall, self._time = wall, SteadyTime(wall() - self._began)
        self.notices = Notices(reactor, _fixed_targets(settings.webhook), os.urandom, agent)
        self.notices.use(settings.targets)
        self._page: tuple[Sample | None, bytes] = (None, b"")
        self._process, self._lag = OwnProcess(), ReactorLag(reactor)
        self.keeper = keeper = MetricsKeeper()
        self.archive: MetricsArchive | None = None
        if settings.history and folder is not None:
            store = MetricStore(reactor, folder, file=history)
            self.archive = MetricsArchive(reactor, store, keeper.book, keeper.identity_of)
        self.alerts = AlertDesk(rules(settings.limits), keeper.names)
        own: dict[str, Source] = {"process": self._of_process, "metrics": keeper.readings, "history": self._of_history}
        own |= {"alerts": self.alerts.readings, "notices": self._of_notices, "calls": of_calls}
        self.sampler = MetricsSampler(reactor, {**sources, **own}, self._steady)
        self.sampler.listeners |= {"history": keeper.keep, "alarms": self.alerts.look}
        if self.archive is not None:
            self.sampler.listeners["archive"] = self.archive.keep
        self.port = MetricsPort(reactor, self._text)
        self.started: Deferred[None] = Deferred()

    def startService(self) -> None:
        """Measure from now on."""
        super().startService()  # type: ignore[no-untyped-call]
        self.notices.open()
        self.alerts.say = self._say_alert
        self._lag.start()
        self.sampler.startService()
        if self.archive is not None:
            self.archive.startService()
        Deferred.fromCoroutine(self._open()).chainDeferred(self.started)

    async def _open(self) -> None:
        if self._settings.listen:
            await self.port.open(self._settings.listen)
            log.info("/metrics is at {listen}", listen=self._settings.listen)
        if not self.running:  # stopped meanwhile
            await self.port.close()

    def stopService(self) -> Deferred[None]:
        """Measure no more; nothing is left open."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._lag.stop()
        self.sampler.stopService()
        await self.port.close()
        if self.archive is not None:
            await self.archive.stopService()
        await self.notices.close()

    @property
    def trouble(self) -> str:
        """What of it does not work; empty when all does."""
        reason = self.archive.trouble if self.archive is not None else ""
        return f"the metrics' history is not on disk now: {reason}" if reason else ""

    def _say_alert(self, text: str, urgent: bool) -> None:
        self.notices.tell(Notice.of(NoticeKind.ALERT, text, urgent))

    def _steady(self) -> float:
        """See :class:`SteadyTime`: when somebody sets the clock, no sample is older than the one before."""
        return self._time.at(self._reactor.seconds(), self._wall())

    def _text(self) -> tuple[str, bytes]:
        """The page; made once for each sample, however often it is asked for."""
        sample = self.sampler.last
        if self._page[0] is not sample:
            self._page = (sample, render(sample.readings))
        return CONTENT_TYPE, self._page[1]

    def _of_process(self) -> Iterator[Reading]:
        yield Reading("lanrage_build_info", (__version__,), 1.0)
        yield Reading("lanrage_process_uptime_seconds", (), self._reactor.seconds() - self._began)
        yield Reading("lanrage_reactor_lag_seconds", (), self._lag.take())
        yield Reading("lanrage_reactor_stalls_total", (), float(STALLS.count))
        yield Reading("lanrage_reactor_stalled_seconds_total", (), STALLS.seconds)
        figures = self._process.read()
        yield Reading("lanrage_process_resident_memory_bytes", (), float(figures.memory))
        yield Reading("lanrage_process_cpu_seconds_total", (), figures.cpu)
        yield Reading("lanrage_process_max_fds", (), float(figures.descriptors_limit))
        if figures.descriptors is not None:
            yield Reading("lanrage_process_open_fds", (), float(figures.descriptors))

    def _of_history(self) -> Iterable[Reading]:
        return self.archive.readings() if self.archive is not None else nothing_stored()

    def _of_notices(self) -> Iterable[Reading]:
        if not self.notices.outlets:
            return
        for name in ("posts", "failures", "dropped"):
            yield Reading(f"lanrage_webhook_{name}_total", (), float(self.notices.count(name)))


def _fixed_targets(webhook: str) -> tuple[Target, ...]:
    """The webhook of alerts, as one of those who are told."""
    events = frozenset({NoticeKind.ALERT, NoticeKind.GAME})
    return (Target(TargetKind.DISCORD, webhook, events),) if webhook else ()


def of_calls() -> Iterator[Reading]:
    """The timed operations of this process that were called."""
    for name, calls in list(TIMINGS.calls.items()):
        if calls.timed:
            yield Reading("lanrage_calls_total", (name,), float(calls.calls))
            yield Reading("lanrage_call_failures_total", (name,), float(calls.failures))
            yield Reading("lanrage_call_seconds_total", (name,), calls.seconds)
            yield Reading("lanrage_call_longest_seconds", (name,), calls.longest)
