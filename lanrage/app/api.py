"""The local API of a process: one WebSocket service on a UNIX socket, for the command line and other local programs.

Protocol and errors: ``docs/api.rst``. Who may speak: root, the process's own user and, to a node, members of the
socket's group, as the kernel vouches for the peer; a browser (it sends an Origin) never.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IFileDescriptorReceiver, IListeningPort, IReactorUNIX
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from lanrage.app.api_calls import Calls, Conversation
from lanrage.app.caller import Caller
from lanrage.app.operations_machine_room import IMachineRoom
from lanrage.errors import StoreError
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
from lanrage.net.websocket import send_text
from lanrage.store.files import PRIVATE_FOLDER, make_folder
from lanrage.wire.local import CALL_LIMIT, check_socket_path

CONNECTION_LIMIT = 32
"""A command line, a desktop agent and a web page are three; a program that forgets to close is stopped here."""
HANDSHAKE_TIMEOUT = 5
"""Seconds for the opening handshake of a program on the same machine."""
CLOSE_TIMEOUT = 1
"""Seconds for a client to say goodbye when the process stops."""
URL = "ws://localhost/"
"""A UNIX socket has no host; the handshake wants one."""

log = Logger()


@implementer(IFileDescriptorReceiver)
class ApiProtocol(WebSocketServerProtocol):  # type: ignore[misc]
    """One local program's connection."""

    factory: ApiFactory

    def __init__(self) -> None:
        super().__init__()
        self.closed: Deferred[None] = Deferred()
        self._conversation: Conversation | None = None

    def connectionMade(self) -> None:
        """Twisted: somebody connected."""
        self.factory.connections.add(self)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: forget the connection; operations that it started run to their end."""
        super().connectionLost(reason)
        self.factory.connections.discard(self)
        if self._conversation is not None:
            self._conversation.lost()
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
        caller = Caller(peer.uid, self.say_goodbye)
        self._conversation = Conversation(self.factory.calls, self._say, caller, self._listen)

    def onOpen(self) -> None:
        """Autobahn: the handshake is done."""
        self.transport.registerProducer(self._conversation, True)

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """Twisted: one came by SCM_RIGHTS, ahead of the call that it belongs to."""
        if self._conversation is None or self._conversation.caller is None:
            os.close(descriptor)
        else:
            self._conversation.caller.give(descriptor)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Answer one call, or say why it is none; the connection lives on."""
        if self._conversation is not None:
            self._conversation.take(payload, isBinary)

    def dropConnection(self, abort: bool = False) -> None:
        """Autobahn: end it; a producer that is paused would keep Twisted from that."""
        self.transport.unregisterProducer()
        super().dropConnection(abort)

    def say_goodbye(self) -> None:
        """Close in good order where the connection is open, else at once."""
        if self.state == self.STATE_OPEN:
            self.sendClose(self.CLOSE_STATUS_CODE_NORMAL, f"the {self.factory.called} stops")
        else:
            self.transport.abortConnection()

    def _listen(self, on: bool) -> None:
        """Who does not read its answers is not asked for more calls: they would be kept here, without a bound."""
        if on:
            self.transport.resumeProducing()
        else:
            self.transport.pauseProducing()

    def _say(self, message: bytes) -> None:
        if self.state == self.STATE_OPEN:
            send_text(self, message)


class ApiFactory(WebSocketServerFactory):  # type: ignore[misc]
    """Makes connections.

    :param calls: runs their calls.
    :param group: whose members may speak as well; ``None``: of none.
    :param credentials: tells who is at the other end of a transport.
    """

    protocol = ApiProtocol
    noisy = False

    def __init__(
        self, reactor: Any, calls: Calls, group: int | None, credentials: Callable[[Any], PeerCredentials]
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
        self.calls = calls

    @property
    def called(self) -> str:
        """What people call the process."""
        return self.calls.called

    def stop(self) -> Deferred[Any]:
        """Close all connections."""
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
    :ivar calls: runs the calls, which may come by another door as well.
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
        self.calls = Calls(self._reactor, served)
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
        factory = ApiFactory(self._reactor, self.calls, None, self._credentials)
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
            self.calls.stop()
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
