"""One node's connection at the control server: login, requests in, answers and notices out, no policy.

Bytes that make no sense end the connection they came by, with a word where one can be sent, and nothing else
(``docs/protocol-control.rst``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from autobahn.websocket.types import ConnectionDeny
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.logger import Logger
from zope.interface import implementer

from lanrage.core.admission import Meter
from lanrage.errors import DecodeError, LanrageError, Refused, VersionMismatch
from lanrage.net.http_answers import HttpAnswers
from lanrage.net.lean_frames import LeanProtocol
from lanrage.net.outbox import Outbox
from lanrage.net.relay_bridge import Guest, take_in
from lanrage.net.websocket import QuietLog, Timed, is_endless, stop_timers
from lanrage.wire.control import REQUEST_LIMIT, Accepted, Notice, RefusedReply, Reply, Request
from lanrage.wire.control_codec import JSON, MESSAGE_LIMIT, SUBPROTOCOLS, choose, codec_of
from lanrage.wire.control_opening import Denied
from lanrage.wire.login import TAG_BYTES, ServerLogin, denial, mismatch
from lanrage.wire.relay_tcp import SUBPROTOCOL as RELAY_SUBPROTOCOL

if TYPE_CHECKING:
    from lanrage.net.control_server import ServerFactory

LOGIN_TIMEOUT = 5.0
"""Seconds from the TCP connection to the end of the login; four messages over a slow mobile network take 2."""
STALL_TIMEOUT = 30.0
"""Seconds in which a client must read what was written to it (64 KiB): less than 2 KiB/s is no network to play by."""
EXCESS_LIMIT = 1000
"""Refused requests over the rate after which a connection is cut off."""

log = Logger()


class Desk(Protocol):
    """Who decides what connections may do: :class:`lanrage.app.control.ControlService`."""

    def accept(self, session: str) -> Accepted:
        """What a node is told at its login."""

    def opened(self, connection: ServerConnection) -> None:
        """A node is logged in, both keys proven."""

    def requested(self, connection: ServerConnection, request: Request) -> None:
        """A node that is logged in asks something."""

    def closed(self, connection: ServerConnection) -> None:
        """The connection of a node that was logged in ended."""


@implementer(IPushProducer)
class ServerConnection(HttpAnswers, LeanProtocol):
    """One connection; made by :class:`lanrage.net.control_server.ServerFactory`.

    :ivar session: its name in logs on both sides.
    :ivar origin: the host that its limits are counted under; empty = not counted.
    :ivar waited: seconds since the TCP connection that have passed before this object was connected.
    :ivar gate: given the HTTP headers of the opening request, the HTTP status that refuses it, or 0.
    """

    factory: ServerFactory
    failedByMe: bool

    log = QuietLog()
    lean_limit = REQUEST_LIMIT + TAG_BYTES
    login: ServerLogin
    meter: Meter
    _outbox: Outbox

    def __init__(self) -> None:
        super().__init__()
        self.session = ""
        self.origin = ""
        self.waited = 0.0
        self.gate: Callable[[dict[str, str]], int] = lambda headers: 0
        self._guest: Guest | None = None
        self._excess = 0
        self._paused = False
        self._ending = False
        self._opened = False
        self._queued = False
        self._deadline: IDelayedCall | None = None
        self._stall: Timed | None = None

    def connectionMade(self) -> None:
        """A TCP connection; it has 5 s to log in."""
        factory = self.factory
        self.session = factory.random(6).hex()
        self.login = ServerLogin(factory.key, factory.random, self._accept)
        self.meter = factory.admission.meter(self.origin)
        self._outbox = Outbox(self._encode, factory.dropped, factory.queue_limits)
        self._deadline = factory.clock.callLater(max(0.0, LOGIN_TIMEOUT - self.waited), self._late)
        super().connectionMade()

    @property
    def identity(self) -> bytes:
        """Ed25519 key of the node, proven."""
        return self.login.identity

    # --- out ----------------------------------------------------------------------------------------------------------

    def send(self, message: Reply | Notice) -> None:
        """Send, or keep until the client has read what came before."""
        if self._ending or self.login.channel is None or self.state != self.STATE_OPEN:
            return
        if not self._paused and not self._outbox:
            self._write(self._encode(message))
        elif not self._outbox.put(message):
            self._cut_slow("answers", "asks, and does not read the answers")

    def deny(self, code: str, message: str, retry_ms: int = 0) -> None:
        """Say why, past all that waits, and end the connection."""
        if self._ending:
            return
        if self.state != self.STATE_OPEN:
            self.cut()
            return
        denied = denial() if code == "version_mismatch" else Denied(code, message[:300], (), retry_ms)
        if self.login.channel is not None:
            self._write(self._encode(Notice(denied)))
        elif self.login.subprotocol:
            self.sendMessage(codec_of(self.login.subprotocol).encode(denied), True)
        else:
            self.sendMessage(JSON.encode(denied), False)
        self._ending = True
        self.sendClose()

    def cut(self) -> None:
        """End the connection now."""
        self._ending = True
        self.transport.abortConnection()

    def _encode(self, message: Reply | Notice) -> bytes:
        assert self.login.channel is not None
        plain = self.login.channel.codec.encode(message)
        if len(plain) > MESSAGE_LIMIT and isinstance(message, Reply):
            sentence = f"the answer has more than the {MESSAGE_LIMIT} bytes of a message"
            return self.login.channel.codec.encode(Reply(message.id, RefusedReply("limit", sentence)))
        return plain

    def _write(self, plain: bytes) -> None:
        assert self.login.channel is not None
        self.sendMessage(self.login.channel.seal_bytes(plain), True)

    def pauseProducing(self) -> None:
        """The client does not read as fast as we write."""
        self._paused = True
        if self._stall is None:
            self._stall = self.factory.timers.call_later(STALL_TIMEOUT, self._stalled)

    def resumeProducing(self) -> None:
        """The client has read what was written."""
        self._paused = False
        self._stop_stall()
        while not self._paused and not self._ending and self.state == self.STATE_OPEN:
            plain = self._outbox.take()
            if plain is None:
                return
            self._write(plain)

    def stopProducing(self) -> None:
        """The connection is gone."""
        self._ending = True

    def _stalled(self) -> None:
        self._stall = None
        self._cut_slow("stalled", "does not read")

    def _cut_slow(self, reason: str, sentence: str) -> None:
        self.factory.refused(reason, self.peer, sentence)
        self._outbox.clear()
        self.cut()

    def _stop_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    # --- in -----------------------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the client; who does not come to the end of an HTTP request is cut off."""
        if self._ending and self.state == self.STATE_CONNECTING:
            return
        if is_endless(self, data):
            self.factory.refused("no login", self.peer, "its HTTP request has no end")
            self.cut()
            return
        super().dataReceived(data)

    def onConnect(self, request: Any) -> str | None:
        """Take the dearest subprotocol that is offered; where there is none, :meth:`onOpen` says so."""
        if code := self.gate(request.headers):
            self._ending = True
            raise ConnectionDeny(code, "refused")
        self._guest = take_in(self.factory.bridges, self, request.protocols)
        if self._guest is not None:
            return RELAY_SUBPROTOCOL
        self.login.subprotocol = choose(request.protocols)
        if not self.login.subprotocol:
            self.factory.refused("version_mismatch", self.peer, mismatch(request.protocols))
        return self.login.subprotocol or None

    def known_as(self, origin: str) -> None:
        """A proxy has said whom it speaks for: this host's limits count from now on."""
        self.origin, self.meter = origin, self.factory.admission.meter(origin)

    def watched(self) -> None:
        """The request was no WebSocket's but has been answered: its end is nothing to report."""
        self._ending = True

    def onOpen(self) -> None:
        """The WebSocket stands; the client speaks first."""
        if self._guest is not None:
            self._stop_deadline()
            self._guest.opened()
            return
        if not self.login.subprotocol:
            self.deny("version_mismatch", f"this server speaks {SUBPROTOCOLS}")
            return
        self.registerProducer(self, True)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Take one message; a bad one ends the connection."""
        if self._guest is not None:
            self._guest.received(payload, isBinary)
        elif not self._ending:
            self._guard(self._take, bytes(payload))

    def _guard(self, step: Callable[[bytes], None], payload: bytes) -> None:
        try:
            step(payload)
        except VersionMismatch as error:
            self.factory.refused("version_mismatch", self.peer, str(error))
            self.deny("version_mismatch", str(error))
        except Refused as error:
            self.factory.refused(error.code, self.peer, str(error))
            self.deny(error.code, str(error))
        except LanrageError as error:
            self.factory.refused("bad_input", self.peer, str(error))
            self.deny("bad_input", str(error))
        except Exception:  # pylint: disable=broad-exception-caught  # a bug ends one connection, not the server
            log.failure("session {session} failed", session=self.session)
            self.cut()

    def onMessageFrameBegin(self, length: int) -> None:
        """Refuse a message by its length, before it is read."""
        super().onMessageFrameBegin(length)
        if self.message_data_total_length > REQUEST_LIMIT + TAG_BYTES:
            self._refuse_size()

    def _max_message_size_exceeded(self, msg_size: int, max_msg_size: int, reason: str) -> None:
        """Autobahn found it as well; its own limit is that of what we send."""
        self._refuse_size()

    def _refuse_size(self) -> None:
        if self.failedByMe:
            return
        self.failedByMe = True  # what is still to come of it is not kept
        self.factory.refused("size", self.peer, "sends too large a message")
        self.deny("limit", f"a message has at most {REQUEST_LIMIT} bytes")

    def _take(self, payload: bytes) -> None:
        if not self._opened:
            if self._queued:
                raise DecodeError("a message came before the first one was answered")
            if self.login.begun:
                self._step(payload)
                return
            self._queued = True
            assert self._deadline is not None
            left = self._deadline.getTime() - self.factory.clock.seconds()
            self._stop_deadline()  # it has done its part: the time that it waits for us is not its own
            self.factory.logins.put(partial(self._begin, payload, left))
            return
        assert self.login.channel is not None
        request = self.login.channel.read(payload, Request)
        sentence = self.meter.take(self.factory.clock.seconds())
        if not sentence:
            self.factory.desk.requested(self, request)
            return
        self._excess += 1
        if self._excess > EXCESS_LIMIT:
            self.factory.refused("flood", self.peer, sentence)
            self.deny("limit", sentence)
            return
        self.send(Reply(request.id, RefusedReply("limit", sentence)))

    def _begin(self, payload: bytes, left: float) -> None:
        """This login's turn has come."""
        self._queued = False
        if not self._ending and self.state == self.STATE_OPEN:
            self._deadline = self.factory.clock.callLater(max(0.0, left), self._late)
            self._guard(self._step, payload)

    def _step(self, payload: bytes) -> None:
        answer = self.login.receive(payload)
        if answer:
            self.sendMessage(answer, True)
        if self.login.done:
            self._log_in()

    def _accept(self) -> Accepted:
        """The node has shown who it is.

        :raises Refused: ``server_ban``.
        """
        self.factory.admission.check(self.identity, self.origin)
        return self.factory.desk.accept(self.session)

    def _log_in(self) -> None:
        self._opened = True
        self._stop_deadline()
        self.factory.desk.opened(self)

    def _late(self) -> None:
        self._deadline = None
        self.factory.refused("late", self.peer, "did not log in in time")
        self.deny("limit", f"a login has {LOGIN_TIMEOUT:g} s")

    def _stop_deadline(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None

    def connectionLost(self, reason: Any = None) -> None:
        """The connection is gone."""
        self._stop_deadline()
        self._stop_stall()
        if self._guest is not None:
            self._guest.lost()
        elif not self._opened and not self._ending:
            self.factory.refused("no login", self.peer, "went away, or spoke no WebSocket")
        self._ending = True
        self._outbox.clear()
        super().connectionLost(reason)
        stop_timers(self)
        self.factory.forget(self)
        if self._opened:
            self.factory.desk.closed(self)
