"""What a process that runs no node offers its operator: metrics, profile, settings and plans of its role."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from zope.interface import implementer

from lanrage.app.logs_node import LogsNode
from lanrage.app.metrics_node import Metered
from lanrage.app.notify_node import NotifyNode
from lanrage.app.operations_machine_room import IMachineRoom
from lanrage.app.profile_node import ProfileNode
from lanrage.app.settings_desk import SettingsDesk
from lanrage.app.settings_node import SettingsNode
from lanrage.app.settings_start import Start
from lanrage.app.tasks_node import TasksNode
from lanrage.logs import set_level


@implementer(IMachineRoom)
class MachineRoom(Metered, LogsNode, NotifyNode, ProfileNode, SettingsNode, TasksNode, Service):
    """Answers for one role; the stored settings are this process's while it runs.

    :param start: how the role was started.
    :param now: seconds since the epoch.
    :ivar started: fires when the settings are held, or cannot be.
    """

    def __init__(self, reactor: Any, start: Start, now: Callable[[], float] = time.time) -> None:
        self._reactor, self._now = reactor, now
        self.role, self._folder = start.role, start.file.folder
        self.settings = SettingsDesk(reactor, start)
        self.settings.on_change("log.level", set_level)
        self.started: Deferred[None] = Deferred()

    def startService(self) -> None:
        """Take the settings."""
        super().startService()  # type: ignore[no-untyped-call]
        self.started = Deferred.fromCoroutine(self.settings.open())

    def stopService(self) -> None:
        """End what an operator began; give the settings free."""
        super().stopService()  # type: ignore[no-untyped-call]
        self.end_profiling()
        self.settings.close()
