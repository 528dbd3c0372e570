"""Where the control server's connections are served: world, then journal, then notices and the answer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app import mailbox_requests
from lanrage.app.control_requests import Requests
from lanrage.core.rate import TokenBucket
from lanrage.core.world_state import Caller, Outcome
from lanrage.net.control_session import ServerConnection
from lanrage.store.journal import Journal
from lanrage.wire.control import Accepted, Notice, NoticeBody, RefusedReply, Reply, Request
from lanrage.wire.party import message

LINES_RATE = 1.0
LINES_BURST = 1000.0
"""Log lines about sessions, a second and at once: strangers may log in, and must not fill the disk."""

TASKS_LIMIT = 10_000
"""Requests that may wait for the disk at one time, about 20 MB: a disk that is full for hours must not fill memory."""

log = Logger()


@attrs.define(eq=False)
class ControlDesk:
    """Serves connections (:class:`lanrage.net.control_server.Desk`).

    Nothing leaves that a crash could undo: answers and notices wait until every change before them is on disk.

    :param welcome: what a node is told at login, by its session.
    :param now: seconds since the epoch.
    :ivar sessions: the connection of each identity; the newest wins.
    """

    _requests: Requests
    _journal: Journal
    _welcome: Callable[[str], Accepted]
    _now: Callable[[], float]
    sessions: dict[bytes, ServerConnection] = attrs.field(init=False, factory=dict)
    _tasks: set[Deferred[None]] = attrs.field(init=False, factory=set)
    _lines: TokenBucket = attrs.field(init=False, factory=lambda: TokenBucket(LINES_RATE, LINES_BURST))

    def accept(self, session: str) -> Accepted:
        """What a node is told at its login."""
        return self._welcome(session)

    def opened(self, connection: ServerConnection) -> None:
        """A node is logged in."""
        old = self.sessions.get(connection.identity)
        self.sessions[connection.identity] = connection
        if old is not None:
            old.deny("replaced", "another node with this identity has logged in")
            self.close_mailboxes(connection.identity)
        self._say(
            "session {session} is node {identity} at {peer}",
            session=connection.session,
            identity=connection.identity.hex(),
            peer=connection.peer,
        )
        self._keep(self._tell(self._requests.world.connected(connection.identity, self._now())))

    def closed(self, connection: ServerConnection) -> None:
        """The connection of a node ended."""
        self._say("session {session} ended", session=connection.session)
        if self.sessions.get(connection.identity) is connection:
            del self.sessions[connection.identity]
            self.close_mailboxes(connection.identity)
            self._keep(self._tell(self._requests.world.disconnected(connection.identity, self._now())))

    def requested(self, connection: ServerConnection, request: Request) -> None:
        """A node asks."""
        if len(self._tasks) >= TASKS_LIMIT:
            sentence = "the control server waits for its disk; ask again later"
            connection.send(Reply(request.id, RefusedReply("limit", sentence)))
            return
        self._keep(self._serve(connection, request))

    def close_mailboxes(self, identity: bytes) -> None:
        """A node's session ended, or it lost its rights: its spoken codes are void, and who was at one is told."""
        for to, body in mailbox_requests.told(self._requests.mailboxes.close_of(identity)):
            self._notify(to, body, "")

    def stop(self) -> None:
        """Give up what waits for the disk: its answers could not be delivered any more."""
        for task in list(self._tasks):
            task.cancel()

    async def _serve(self, connection: ServerConnection, request: Request) -> None:
        caller = Caller(connection.identity, connection.login.wireguard_key)
        try:
            answer = self._requests.answer(caller, request.body, self._now(), connection.origin)
        except Exception:  # pylint: disable=broad-exception-caught  # a bug costs one answer, not the server
            log.failure(
                "request {kind} of session {session} failed [{correlation_id}]",
                kind=type(request.body).__name__,
                session=connection.session,
                correlation_id=request.correlation_id,
            )
            connection.send(Reply(request.id, RefusedReply("internal", "the control server failed; its log says why")))
            return
        self._journal.add(answer.changes)
        if not answer.at_once:
            await self._journal.committed()
        for identity, body in answer.notices:
            self._notify(identity, body, request.correlation_id)
        connection.send(Reply(request.id, answer.reply))
        self._say(
            "session {session} asked {kind}, answered {answer} [{correlation_id}]",
            session=connection.session,
            kind=type(request.body).__name__,
            answer=answer.reply.code if isinstance(answer.reply, RefusedReply) else type(answer.reply).__name__,
            correlation_id=request.correlation_id,
        )

    async def _tell(self, outcome: Outcome[None]) -> None:
        self._journal.add(outcome.changes)
        await self._journal.committed()
        for note in outcome.notes:
            self._notify(note.to, message(note.body), "")

    def _notify(self, identity: bytes, body: NoticeBody | Any, correlation_id: str) -> None:
        session = self.sessions.get(identity)
        if session is not None:
            session.send(Notice(body, correlation_id))

    def _say(self, text: str, **fields: object) -> None:
        """Log, unless there was too much already."""
        if self._lines.take(self._now()):
            log.info(text, **fields)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a piece of work and keep it until it is done."""
        task = Deferred.fromCoroutine(work)
        self._tasks.add(task)

        def done(result: object) -> None:
            self._tasks.discard(task)
            if isinstance(result, Failure) and result.check(CancelledError) is None:
                log.failure("a piece of the control server's work failed", failure=result)

        task.addBoth(done)
