"""The local API of a process: one WebSocket service on a UNIX socket, for the command line and other local programs.

Protocol and errors: ``docs/api.rst``. Who may speak: root, the process's own user and, to a node, members of the
socket's group, as the kernel vouches for the peer; a browser (it sends an Origin) never.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IFileDescriptorReceiver, IListeningPort, IReactorUNIX
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.app.caller import Caller
from lanrage.app.operations import perform
from lanrage.app.operations_machine_room import IMachineRoom
from lanrage.app.role_sockets import asked_as
from lanrage.errors import BadInput, LanrageError, StoreError
from lanrage.log_context import carried, context, new_correlation_id
from lanrage.net.local_socket import (
    FOLDER_MODE,
    PRIVATE_MODE,
    SOCKET_MODE,
    FolderLock,
    PeerCredentials,
    may_speak,
    peer_credentials,
    remove_stale,
)
from lanrage.store.files import PRIVATE_FOLDER, make_folder
from lanrage.wire.local import CALL_LIMIT, Answer, BadCall, Call, ErrorBody, check_socket_path, decode_call, encode

CONNECTION_LIMIT = 32
"""A command line, a desktop agent and a web page are three; a program that forgets to close is stopped here."""
CALL_BACKLOG = 16
"""Unanswered calls of one connection; a user has one or two."""
HANDSHAKE_TIMEOUT = 5
"""Seconds for the opening handshake of a program on the same machine."""
CLOSE_TIMEOUT = 1
"""Seconds for a client to say goodbye when the process stops."""
URL = "ws://localhost/"
"""A UNIX socket has no host; the handshake wants one."""

log = Logger()


def error_body(failure: Failure, called: str = "node") -> ErrorBody:
    """What the user is told of a failure; of one that is a bug, only that it is in the log.

    :param called: whose failure it is, for people.
    """
    error = failure.value
    if isinstance(error, LanrageError):
        return ErrorBody(error.code, str(error), error.field if isinstance(error, BadInput) else None)
    if isinstance(error, CancelledError):
        return ErrorBody("stopping", f"the {called} stops; what you asked for was not finished")
    return ErrorBody("internal", f"the {called} met an error of its own; its log says more")


@implementer(IFileDescriptorReceiver)
class ApiProtocol(WebSocketServerProtocol):  # type: ignore[misc]
    """One local program's connection."""

    factory: ApiFactory

    def __init__(self) -> None:
        super().__init__()
        self.closed: Deferred[None] = Deferred()
        self._running: set[int] = set()
        self._caller: Caller | None = None

    def connectionMade(self) -> None:
        """Twisted: somebody connected."""
        self.factory.connections.add(self)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: forget the connection; operations that it started run to their end."""
        super().connectionLost(reason)
        self.factory.connections.discard(self)
        if self._caller is not None:
            self._caller.lost()
        self.closed.callback(None)

    def onConnect(self, request: ConnectionRequest) -> None:
        """Check who connects; refusing here lets the other side read why."""
        if request.origin or "origin" in request.headers:
            log.warn("a browser was refused at the local API")
            raise ConnectionDeny(ConnectionDeny.FORBIDDEN, "browsers may not speak to this socket")
        peer = self.factory.credentials(self.transport)
        if not may_speak(peer, os.geteuid(), self.factory.group):
            log.warn("user {uid} was refused at the local API", uid=peer.uid, pid=peer.pid)
            raise ConnectionDeny(ConnectionDeny.FORBIDDEN, f"this user may not speak to this {self.factory.called}")
        self._caller = Caller(peer.uid, self.say_goodbye)

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """Twisted: one came by SCM_RIGHTS, ahead of the call that it belongs to."""
        if self._caller is None:
            os.close(descriptor)
        else:
            self._caller.give(descriptor)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Answer one call, or say why it is none; the connection lives on."""
        try:
            if isBinary:
                raise BadCall(None, "message", "must be text, not binary")
            call = decode_call(payload)
            if call.id in self._running:
                raise BadCall(call.id, "id", "is that of an unanswered call of this connection")
        except BadCall as error:
            self._answer(Answer(error.call_id, error=ErrorBody(error.code, str(error), error.field)))
            return
        if len(self._running) >= CALL_BACKLOG:
            message = f"{CALL_BACKLOG} calls of this connection are unanswered; wait for one"
            self._answer(Answer(call.id, error=ErrorBody("busy", message)))
            return
        self._running.add(call.id)
        self.factory.start(call, self._answer, self._caller).addBoth(lambda _: self._running.discard(call.id))

    def say_goodbye(self) -> None:
        """Close in good order where the connection is open, else at once."""
        if self.state == self.STATE_OPEN:
            self.sendClose(self.CLOSE_STATUS_CODE_NORMAL, f"the {self.factory.called} stops")
        else:
            self.transport.abortConnection()

    def _answer(self, answer: Answer) -> None:
        if self.state == self.STATE_OPEN:
            self.sendMessage(encode(answer))


class ApiFactory(WebSocketServerFactory):  # type: ignore[misc]
    """Makes connections and runs their calls.

    :param served: carries the operations out.
    :param group: whose members may speak as well; ``None``: of none.
    :param credentials: tells who is at the other end of a transport.
    """

    protocol = ApiProtocol
    noisy = False

    def __init__(
        self, reactor: Any, served: IMachineRoom, group: int | None, credentials: Callable[[Any], PeerCredentials]
    ) -> None:
        super().__init__(URL, reactor=reactor, server="lanrage")
        self.setProtocolOptions(
            maxMessagePayloadSize=CALL_LIMIT,
            maxFramePayloadSize=CALL_LIMIT,
            maxConnections=CONNECTION_LIMIT,
            openHandshakeTimeout=HANDSHAKE_TIMEOUT,
            closeHandshakeTimeout=CLOSE_TIMEOUT,
            webStatus=False,
            failByDrop=False,
        )
        self.group = group
        self.credentials = credentials
        self.connections: set[ApiProtocol] = set()
        self.called = asked_as(served.role).called
        self._served = served
        self._operations: set[Deferred[None]] = set()

    def start(self, call: Call, answer: Callable[[Answer], None], caller: Caller | None = None) -> Deferred[None]:
        """Carry a call out; `answer` gets its progress and its end, `caller` is who asks."""

        def progress(text: str) -> None:
            answer(Answer(call.id, progress=text))

        def ended(result: Any) -> None:
            log.debug("operation {op} ended", op=call.op)
            answer(Answer(call.id, result=result))

        with context(correlation_id=call.correlation_id or new_correlation_id()):
            log.debug("operation {op} begins", op=call.op)
            running = Deferred.fromCoroutine(perform(self._served, call.op, call.args, progress, caller))
            failed = carried(partial(self._failed, call, answer))
            done: Deferred[None] = running.addCallbacks(carried(ended), failed)
            done.addErrback(failed)
        self._operations.add(done)
        return done.addBoth(lambda _: self._operations.discard(done))

    def _failed(self, call: Call, answer: Callable[[Answer], None], failure: Failure) -> None:
        body = error_body(failure, self.called)
        if body.code == "internal":
            log.failure("operation {op} failed", failure, op=call.op)
        else:
            log.info("operation {op} was refused: {reason}", op=call.op, reason=body.code)
        answer(Answer(call.id, error=body))

    def stop(self) -> Deferred[Any]:
        """Cancel what runs and close all connections."""
        for operation in list(self._operations):
            operation.cancel()
        for connection in list(self.connections):
            connection.say_goodbye()
        return DeferredList([connection.closed for connection in self.connections])


def kernel_credentials(transport: Any) -> PeerCredentials:
    """Who is at the other end of a Twisted UNIX transport."""
    return peer_credentials(transport.socket)


class ApiService(Service):
    """Listens on the process's socket while it runs.

    :param path: of the socket; its folder is made when missing and is locked while the service runs.
    :param served: carries the operations out.
    :param group: id of the group whose members may speak as well; by default that of the folder's files.
    :param credentials: who is at the other end; a test's own, else the kernel's answer.
    :param private: no group may speak; and the folder is locked only until it listens, as there may be others in it.
    """

    def __init__(
        self,
        reactor: IReactorUNIX,
        path: Path,
        served: IMachineRoom,
        group: int | None = None,
        credentials: Callable[[Any], PeerCredentials] = kernel_credentials,
        *,
        private: bool = False,
    ) -> None:
        self._reactor: Any = reactor
        self._path = path
        self._served = served
        self._group = group
        self._private = private
        self._credentials = credentials
        self._lock = FolderLock(path.parent)
        self._port: IListeningPort | None = None
        self._factory: ApiFactory | None = None

    def startService(self) -> None:
        """Listen, at once.

        :raises Refused: ``node_running`` when a process listens there already.
        :raises BadInput: when the path is too long or something that is no socket lies there.
        :raises StoreError: when folder or socket cannot be made.
        """
        path = check_socket_path(os.fspath(self._path))
        make_folder(self._path.parent, PRIVATE_FOLDER if self._private else FOLDER_MODE)
        self._lock.take()
        try:
            if remove_stale(self._path):
                log.info("the socket {path} of a dead process was removed", path=path)
            self._listen(path)
        except BaseException:
            self._lock.release()
            raise
        if self._private:
            self._lock.release()
        super().startService()  # type: ignore[no-untyped-call]
        log.info("local API listens at {path}", path=path)

    def _listen(self, path: str) -> None:
        factory = ApiFactory(self._reactor, self._served, None, self._credentials)
        try:
            port = self._reactor.listenUNIX(path, factory, mode=PRIVATE_MODE if self._private else SOCKET_MODE)
        except CannotListenError as error:
            raise StoreError(f"{path} cannot be listened on: {error.socketError}") from error
        self._port, self._factory = port, factory
        if self._private:
            return
        if self._group is not None:
            os.chown(path, -1, self._group)
        factory.group = os.stat(path).st_gid

    async def _stop(self) -> None:
        port, self._port = self._port, None
        factory, self._factory = self._factory, None
        try:
            if port is not None:
                await maybeDeferred(port.stopListening)
            if factory is not None:
                await factory.stop()
        finally:
            self._lock.release()

    def stopService(self) -> Deferred[None]:
        """Stop listening, cancel what runs, close all connections, remove the socket."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._port is not None:
            log.info("local API listens no more at {path}", path=str(self._path))
        return Deferred.fromCoroutine(self._stop())
