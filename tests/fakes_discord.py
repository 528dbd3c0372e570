"""A Discord that is strict: whatever breaks its protocol is noted, and ends the connection as the real one's does."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

CLIENT_ID = "123456789012345678"
HANDSHAKE, FRAME, CLOSE, PING, PONG = range(5)
ACTIVITY = {"details", "state", "timestamps", "party", "secrets", "instance"}
UPDATES, SPAN = 5, 20.0


class Broken(Exception):
    """The other side breaks the protocol."""


class FakeDiscord(Protocol):
    """One connection at Discord's end.

    :param seconds: the time.
    :ivar shown: the activity that a profile shows now; ``None``: none.
    :ivar updates: all that were shown, with the time.
    :ivar broken: how the other side broke the protocol.
    :ivar mute: it answers nothing.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._rest = b""
        self._nonces: set[str] = set()
        self._pings: list[bytes] = []
        self._ready = self._ended = False
        self.shown: dict[str, Any] | None = None
        self.updates: list[tuple[float, dict[str, Any] | None]] = []
        self.events: set[str] = set()
        self.broken: list[str] = []
        self.mute = False

    # --- what the test does -------------------------------------------------------------------------------------------

    def send(self, opcode: int, value: Any) -> None:
        """A frame of Discord's."""
        data = json.dumps(value).encode()
        self.raw(struct.pack("<II", opcode, len(data)) + data)

    def raw(self, data: bytes) -> None:
        """Bytes of Discord's."""
        transport: Any = self.transport
        transport.write(data)

    def invite(self, secret: str) -> None:
        """The user accepts a friend's invitation."""
        assert "ACTIVITY_JOIN" in self.events, "nobody has subscribed to it"
        self.send(FRAME, {"cmd": "DISPATCH", "evt": "ACTIVITY_JOIN", "data": {"secret": secret}, "nonce": None})

    def ping(self, value: Any) -> None:
        """Are you there?"""
        self._pings.append(json.dumps(value).encode())
        self.send(PING, value)

    def quit(self) -> None:
        """Discord ends."""
        transport: Any = self.transport
        transport.loseConnection()

    # --- the protocol -------------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes came."""
        self._rest += data
        while len(self._rest) >= 8 and not self._ended:
            opcode, length = struct.unpack("<II", self._rest[:8])
            if len(self._rest) < 8 + length:
                return
            body, self._rest = self._rest[8 : 8 + length], self._rest[8 + length :]
            try:
                self._frame(opcode, body)
            except (Broken, ValueError, KeyError, TypeError) as error:
                self.broken.append(f"{type(error).__name__}: {error}")
                self._close(4002, str(error))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: it has ended; nothing is shown any more."""
        self._ended = True
        self.shown = None

    def _frame(self, opcode: int, body: bytes) -> None:
        if not self._ready and opcode != HANDSHAKE:
            raise Broken(f"a frame of kind {opcode} before the handshake")
        if opcode == PONG:
            if body not in self._pings:
                raise Broken("an answer to no ping")
            self._pings.remove(body)
        elif opcode == HANDSHAKE:
            self._handshake(json.loads(body))
        elif opcode == CLOSE:
            json.loads(body)
            self._ended = True
            self.quit()
        elif opcode == FRAME:
            self._command(json.loads(body))
        else:
            raise Broken(f"a frame of kind {opcode} from an application")

    def _handshake(self, said: dict[str, Any]) -> None:
        if self._ready or set(said) != {"v", "client_id"} or said["v"] != 1:
            raise Broken("a wrong handshake")
        if said["client_id"] != CLIENT_ID:
            self._close(4000, "Invalid Client ID")
            return
        if not self.mute:
            self._ready = True
            user = {"id": "1", "username": "ann"}
            self.send(FRAME, {"cmd": "DISPATCH", "evt": "READY", "data": {"v": 1, "user": user}, "nonce": None})

    def _close(self, code: int, message: str) -> None:
        self.send(CLOSE, {"code": code, "message": message})
        self._ended = True
        self.quit()

    def _command(self, said: dict[str, Any]) -> None:
        nonce = said["nonce"]
        if not isinstance(nonce, str) or nonce in self._nonces:
            raise Broken("a nonce that is none, or used before")
        self._nonces.add(nonce)
        if said["cmd"] == "SUBSCRIBE":
            if said["evt"] not in ("ACTIVITY_JOIN", "ACTIVITY_SPECTATE", "ACTIVITY_JOIN_REQUEST"):
                raise Broken("no such event")
            self.events.add(said["evt"])
            answer: dict[str, Any] = {"cmd": "SUBSCRIBE", "data": {"evt": said["evt"]}}
        elif said["cmd"] == "SET_ACTIVITY":
            self._show(said["args"])
            answer = {"cmd": "SET_ACTIVITY", "data": self.shown}
        else:
            raise Broken(f"no such command: {said['cmd']}")
        if not self.mute:
            self.send(FRAME, {**answer, "evt": None, "nonce": nonce})

    def _show(self, args: dict[str, Any]) -> None:
        if set(args) != {"pid", "activity"} or not isinstance(args["pid"], int) or args["pid"] < 1:
            raise Broken("an activity without its process")
        if args["activity"] is not None:
            check_activity(args["activity"])
        now = self._seconds()
        if sum(now - at < SPAN for at, _ in self.updates) >= UPDATES:
            raise Broken(f"more than {UPDATES} updates in {SPAN} s")
        self.shown = args["activity"]
        self.updates.append((now, self.shown))


def check_activity(shown: dict[str, Any]) -> None:
    """What Discord's own checks refuse."""
    if not set(shown) <= ACTIVITY or shown["instance"] not in (True, False):
        raise Broken(f"an activity has no {set(shown) - ACTIVITY}")
    for name in ("details", "state"):
        if name in shown and not 2 <= len(shown[name]) <= 128:
            raise Broken(f"{name} must have 2 to 128 characters")
    party, secrets = shown.get("party"), shown.get("secrets")
    if party is not None:
        size, most = party["size"]
        if set(party) != {"id", "size"} or not 1 <= size <= most or not 2 <= len(party["id"]) <= 128:
            raise Broken("a wrong party")
    if secrets is not None:
        if party is None or set(secrets) != {"join"} or secrets["join"] == party["id"]:
            raise Broken("a secret needs a party, and must not be its id")
        if not 2 <= len(secrets["join"]) <= 128:
            raise Broken("a secret must have 2 to 128 characters")
    if "timestamps" in shown and not isinstance(shown["timestamps"]["start"], int):
        raise Broken("a time is a whole number")


class MemoryEnd:
    """One end of a connection in memory: what is written arrives at once, an end after that.

    :param deliver: brings bytes to the other side.
    :param ended: told once, by whichever side ends first.
    """

    def __init__(self, deliver: Callable[[bytes], None], ended: Callable[[Exception], None]) -> None:
        self._deliver, self._ended = deliver, ended
        self.stuck = False

    def write(self, data: bytes) -> None:
        """See :class:`ITransport`."""
        self._deliver(data)

    def loseConnection(self) -> None:
        """See :class:`ITransport`; a side that reads nothing holds that up."""
        if not self.stuck:
            self._ended(ConnectionDone())

    def abortConnection(self) -> None:
        """See :class:`ITCPTransport`."""
        self._ended(ConnectionAborted())


def join_in_memory(client: Any, server: FakeDiscord) -> None:
    """Connect both; the order of what is said is kept, and an end comes after it."""
    queue: list[Callable[[], None]] = []
    state = {"busy": False, "over": False}

    def later(call: Callable[[], None]) -> None:
        queue.append(call)
        while queue and not state["busy"]:
            state["busy"] = True
            queue.pop(0)()
            state["busy"] = False

    def end(reason: Exception) -> None:
        def over() -> None:
            if not state["over"]:
                state["over"] = True
                for protocol in (client, server):
                    protocol.connectionLost(Failure(reason))

        later(over)

    def deliver(protocol: Any) -> Callable[[bytes], None]:
        return lambda data: later(lambda: None if state["over"] else protocol.dataReceived(data))

    server.makeConnection(MemoryEnd(deliver(client), end))
    client.makeConnection(MemoryEnd(deliver(server), end))
