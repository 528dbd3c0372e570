"""Where the control server's connections are served: world, then journal, then notices and the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from lanrage.app import address_pool, mailbox_requests
from lanrage.app.control_requests import Answer, Requests
from lanrage.app.unsettled import Unsettled
from lanrage.core.desk_counters import DeskCounters
from lanrage.core.identity import fingerprint
from lanrage.core.rate import TokenBucket
from lanrage.core.world_rows import Change, ConflictRow, Put, Row
from lanrage.core.world_state import Caller, Outcome
from lanrage.log_context import carried, context
from lanrage.logs import get_logger
from lanrage.net.control_session import ServerConnection
from lanrage.store.journal import Journal
from lanrage.wire.control import (
    Accepted,
    CreateParty,
    JoinParty,
    LeaveParty,
    Notice,
    NoticeBody,
    PublishInvitation,
    RefusedReply,
    Reply,
    Request,
)
from lanrage.wire.control_ledger import AppendRecord
from lanrage.wire.control_relay import ReportRelay
from lanrage.wire.party import messages

LINES_RATE = 1.0
LINES_BURST = 1000.0
"""Log lines about sessions, a second and at once: strangers may log in, and must not fill the disk."""

TASKS_LIMIT = 10_000
"""Requests that may wait for the disk at one time, about 20 MB: a disk that is full for hours must not fill memory."""

log = get_logger(__name__)

LIFE = (CreateParty, JoinParty, LeaveParty, AppendRecord, PublishInvitation)
"""Requests that change a party: its life, which is told at INFO; the others are told at DEBUG."""


@attrs.define(eq=False)
class ControlDesk:
    """Serves connections (:class:`lanrage.net.control_server.Desk`).

    Nothing leaves that a crash could undo: answers and notices wait until every change of their party that was made
    before them is on disk.

    :param welcome: what a node is told at login, by its session.
    :param now: seconds since the epoch.
    :ivar counters: what was asked and told.
    :ivar sessions: the connection of each identity; the newest wins.
    :ivar on_login: observers, each called with every connection as it logs in.
    :ivar on_conflict: observers, each called with every conflict of a party as it is noted.
    """

    _requests: Requests
    _journal: Journal[Row]
    _welcome: Callable[[str], Accepted]
    _now: Callable[[], float]
    counters: DeskCounters = attrs.field(init=False, factory=DeskCounters)
    sessions: dict[bytes, ServerConnection] = attrs.field(init=False, factory=dict)
    on_conflict: list[Callable[[ConflictRow], object]] = attrs.field(init=False, factory=list)
    on_login: list[Callable[[ServerConnection], object]] = attrs.field(init=False, factory=list)
    _tasks: set[Deferred[None]] = attrs.field(init=False, factory=set)
    _unsettled: Unsettled = attrs.field(init=False, factory=Unsettled)
    _lines: TokenBucket = attrs.field(init=False, factory=lambda: TokenBucket(LINES_RATE, LINES_BURST))

    def accept(self, session: str) -> Accepted:
        """What a node is told at its login."""
        return self._welcome(session)

    def opened(self, connection: ServerConnection) -> None:
        """A node is logged in."""
        with context(**_whose(connection)):
            self._opened(connection)

    def _opened(self, connection: ServerConnection) -> None:
        old = self.sessions.get(connection.identity)
        self.sessions[connection.identity] = connection
        if old is not None:
            old.deny("replaced", "another node with this identity has logged in")
            self.close_mailboxes(connection.identity)
        self._say(
            "session {session} is node {identity} at {peer}",
            session=connection.session,
            identity=connection.identity,
            peer=connection.peer,
        )
        for observer in self.on_login:
            observer(connection)
        self._tell(self._requests.world.connected(connection.identity, self._now()))

    def closed(self, connection: ServerConnection) -> None:
        """The connection of a node ended."""
        with context(**_whose(connection)):
            self._closed(connection)

    def _closed(self, connection: ServerConnection) -> None:
        self._say("session {session} ended", session=connection.session)
        if self.sessions.get(connection.identity) is connection:
            del self.sessions[connection.identity]
            self.close_mailboxes(connection.identity)
            self._tell(self._requests.world.disconnected(connection.identity, self._now()))

    def requested(self, connection: ServerConnection, request: Request) -> None:
        """A node asks."""
        with context(**_whose(connection, request)):
            self._requested(connection, request)

    def _requested(self, connection: ServerConnection, request: Request) -> None:
        self.counters.requests[type(request.body).__name__] += 1
        if len(self._tasks) >= TASKS_LIMIT:
            sentence = "the control server waits for its disk; ask again later"
            self.counters.refusals["limit"] += 1
            connection.send(Reply(request.id, RefusedReply("limit", sentence)))
            return
        caller = Caller(connection.identity, connection.login.wireguard_key)
        try:
            answer = self._requests.answer(caller, request.body, self._now(), connection.origin)
        except Exception as error:  # pylint: disable=broad-exception-caught  # a bug costs one answer, not the server
            address_pool.tell_failure(connection.identity, request.body, error)
            log.failure(
                "request {kind} of session {session} failed",
                kind=type(request.body).__name__,
                session=connection.session,
            )
            connection.send(Reply(request.id, RefusedReply("internal", "the control server failed; its log says why")))
            return
        self._contended(answer.changes)
        about = () if answer.at_once else (getattr(request.body, "party_id", ""),)
        self._settle(answer.changes, about, lambda: self._deliver(connection, request, answer))

    def notify(self, notices: Iterable[tuple[bytes, NoticeBody]]) -> None:
        """Tell nodes what no request led to; nothing of it waits for the disk."""
        self._notify(notices, "")

    @property
    def waiting(self) -> int:
        """Answers and notices that wait for the disk."""
        return len(self._tasks)

    def identities(self) -> tuple[bytes, ...]:
        """Of all that are logged in."""
        return tuple(self.sessions)

    def announce(self, body: NoticeBody) -> None:
        """Tell every node that is logged in."""
        self.counters.notices[type(body).__name__] += len(self.sessions)
        for session in list(self.sessions.values()):
            session.send(Notice(body))

    def close_mailboxes(self, identity: bytes) -> None:
        """A node's session ended, or it lost its rights: its spoken codes are void, and who was at one is told."""
        self._notify(mailbox_requests.told(self._requests.mailboxes.close_of(identity)), "")

    def stop(self) -> None:
        """Give up what waits for the disk: its answers could not be delivered any more."""
        for task in list(self._tasks):
            task.cancel()

    def _contended(self, changes: tuple[Change, ...]) -> None:
        """Tell of conflicts; an observer's own errors end nothing."""
        for change in changes:
            if not isinstance(change, Put) or not isinstance(change.row, ConflictRow):
                continue
            row = change.row
            self._say(
                "conflict in {party_id}: {wish}; {winner}", party_id=row.party_id, wish=row.wish, winner=row.winner
            )
            for observer in self.on_conflict:
                try:
                    observer(row)
                except Exception:  # pylint: disable=broad-exception-caught  # the observer's bug, not the server's
                    log.failure("an observer of conflicts failed")

    def _deliver(self, connection: ServerConnection, request: Request, answer: Answer) -> None:
        self._notify(answer.notices, request.correlation_id)
        if isinstance(answer.reply, RefusedReply):
            self.counters.refusals[answer.reply.code] += 1
        connection.send(Reply(request.id, answer.reply))
        if isinstance(request.body, ReportRelay):
            return  # each few seconds, all night
        address_pool.tell(connection.identity, request.body, answer.reply)
        self._say(
            "session {session} asked {kind}, answered {answer}",
            LogLevel.info if isinstance(request.body, LIFE) else LogLevel.debug,
            session=connection.session,
            kind=type(request.body).__name__,
            answer=answer.reply.code if isinstance(answer.reply, RefusedReply) else type(answer.reply).__name__,
        )

    def _tell(self, outcome: Outcome[None]) -> None:
        """Who is online: of no consequence in a crash, but never before the disk has who it is about."""
        waits = len(self._tasks) < TASKS_LIMIT  # a disk that is full for hours must not gather who comes and goes
        about = {note.body.party_id for note in outcome.notes} if waits else ()
        self._settle(outcome.changes, about, lambda: self._notify(messages(outcome.notes), ""))

    def _notify(self, notices: Iterable[tuple[bytes, NoticeBody]], correlation_id: str) -> None:
        notice: Notice | None = None
        for identity, body in notices:
            session = self.sessions.get(identity)
            if session is None:
                continue
            if notice is None or notice.body is not body:
                notice = Notice(body, correlation_id)
            self.counters.notices[type(body).__name__] += 1
            session.send(notice)

    def _settle(self, changes: tuple[Change, ...], about: Iterable[str], deliver: Callable[[], None]) -> None:
        """Queue changes, and deliver what follows from them: at once, unless a crash could undo it.

        :param about: parties of which it tells, beyond those that are changed.
        """
        self._journal.add(changes)
        parties = self._unsettled.begin(changes)
        if not parties and not self._unsettled.holds(about):
            deliver()
            return
        task = self._journal.committed()
        self._tasks.add(task)

        def committed(result: object) -> None:
            self._tasks.discard(task)
            self._unsettled.end(parties)
            if not isinstance(result, Failure):
                deliver()
            elif result.check(CancelledError) is None:
                result.raiseException()

        task.addBoth(carried(committed))
        task.addErrback(lambda failure: log.failure("a piece of the control server's work failed", failure=failure))

    def _say(self, text: str, level: Any = LogLevel.info, **fields: object) -> None:
        """Log, unless there was too much already."""
        if log.writes(level) and self._lines.take(self._now()):
            log.emit(level, text, **fields)


def _whose(connection: ServerConnection, request: Request | None = None) -> dict[str, str]:
    """The context of what a connection leads to."""
    fields = {"session_id": connection.session, "peer_id": fingerprint(connection.identity).hex()}
    if request is not None:
        fields |= {"party_id": getattr(request.body, "party_id", ""), "correlation_id": request.correlation_id}
    return fields
