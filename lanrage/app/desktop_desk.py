"""What a node lets the agents of its users show on their desktops (``docs/desktop.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.desktop_notes import Note, NoteBatch
from lanrage.core.game_orders import AnyOrder, ShowNote
from lanrage.core.notices import Notice, NoticeKind
from lanrage.core.party_events import PartyEvent
from lanrage.errors import LanrageError

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

OF_ONESELF = frozenset({NoticeKind.KICKED, NoticeKind.HOST_CHANGED})
"""Events about this very machine's member that its users are told of: the rest they have done themselves."""

log = Logger()


class Agents(Protocol):
    """Of the users: :class:`lanrage.app.agent_desk.AgentDesk`."""

    @property
    def users(self) -> tuple[int, ...]: ...

    def ask(self, user: int, order: AnyOrder) -> Deferred[tuple[Any, ...]]: ...


class DesktopDesk(Service):
    """Tells all users that have an agent, from start to stop.

    :param wanted: kinds of events, as the settings are now.
    :param own: this machine's identity; ``None`` before it has one.
    :ivar shown: notes that an agent has shown.
    :ivar not_shown: those that none could.
    """

    def __init__(
        self,
        clock: IReactorTime,
        agents: Agents,
        wanted: Callable[[], frozenset[NoticeKind]],
        own: Callable[[], bytes | None],
    ) -> None:
        self._clock, self._agents, self._wanted, self._own = clock, agents, wanted, own
        self._batch = NoteBatch()
        self._timer: IDelayedCall | None = None
        self.shown = self.not_shown = 0

    def stopService(self) -> None:
        """What waits is told to nobody any more."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer, self._batch = None, NoteBatch()

    def happened(self, event: PartyEvent) -> None:
        """Something happened in the party."""
        if event.identity != self._own() or event.kind in OF_ONESELF:
            self.tell(event.notice())

    def tell(self, notice: Notice) -> None:
        """Tell of it soon, if users want that and one is there; never raises."""
        if self.running and notice.kind in self._wanted() and self._agents.users:
            self._batch.put(notice, self._clock.seconds())
            self._schedule()

    def show(self, user: int, note: Note) -> None:
        """Show something to one user that concerns nobody else, whatever events are wanted; never raises."""
        if self.running and user in self._agents.users:
            self._agents.ask(user, ShowNote.of(note)).addCallbacks(self._told, self._not_told)

    def _schedule(self) -> None:
        deadline = self._batch.deadline()
        if deadline is not None and (self._timer is None or not self._timer.active()):
            self._timer = self._clock.callLater(max(0.0, deadline - self._clock.seconds()), self._look)

    def _look(self) -> None:
        note = self._batch.take(self._clock.seconds())
        if note is not None:
            order = ShowNote.of(note)
            for user in self._agents.users:
                self._agents.ask(user, order).addCallbacks(self._told, self._not_told)
        self._schedule()

    def _told(self, _parts: object) -> None:
        self.shown += 1

    def _not_told(self, failure: Failure) -> None:
        self.not_shown += 1
        if failure.check(LanrageError):
            log.debug("a desktop was not told of the party: {reason}", reason=str(failure.value))
        else:
            log.failure("a desktop was not told of the party", failure)
