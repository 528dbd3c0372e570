"""A user's session bus (D-Bus), as far as notifications need it (``docs/desktop.rst``).

Messages by jeepney, which does no input and output of its own. The bus:
https://dbus.freedesktop.org/doc/dbus-specification.html; the calls:
https://specifications.freedesktop.org/notification-spec/latest/protocol.html.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_method_call
from jeepney.auth import AuthenticationError, Authenticator
from jeepney.bus import get_connectable_addresses
from jeepney.low_level import Parser
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.interfaces import IReactorTime, IReactorUNIX
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from lanrage.core.desktop_notes import body, plain_title
from lanrage.errors import Refused, Unreachable
from lanrage.net.discord_socket import owned

PATIENCE = 2.0
"""Seconds for the connection, and for each answer: an order of the node's waits for five."""
MESSAGE_LIMIT = 64 * 1024
"""Bytes of a message to us; what we ask for has some hundred."""
BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
DESKTOP = DBusAddress(
    "/org/freedesktop/Notifications", "org.freedesktop.Notifications", "org.freedesktop.Notifications"
)
SHOWN_MS = -1
"""As long as the desktop likes."""
NORMAL, CRITICAL = 1, 2
"""Urgencies."""


def bus_path(environment: Mapping[str, str], user: int) -> str:
    """Where this session's bus listens; a name that begins with NUL is none of a file.

    :raises Unreachable: the session has none, or one that is not at a UNIX socket.
    """
    named = environment.get("DBUS_SESSION_BUS_ADDRESS", "")
    if named:
        try:
            return str(next(iter(get_connectable_addresses(named))))
        except (ValueError, KeyError, RuntimeError) as error:
            raise Unreachable("DBUS_SESSION_BUS_ADDRESS names no bus at a UNIX socket") from error
    folder = environment.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(folder) and owned(Path(folder, "bus"), user):
        return os.path.join(folder, "bus")
    raise Unreachable("this session has no D-Bus (DBUS_SESSION_BUS_ADDRESS is not set)")


class BusTalk(Protocol):
    """One connection to a bus: it proves who it is, then asks.

    :ivar ready: fires when it may ask; fails with :class:`Unreachable`.
    """

    transport: Any

    def __init__(self, clock: IReactorTime) -> None:
        self.ready: Deferred[None] = Deferred()
        self._clock = clock
        self._proof = Authenticator()
        self._parser = Parser()
        self._serial = 0
        self._asked: dict[int, Deferred[tuple[Any, ...]]] = {}

    def connectionMade(self) -> None:
        """Say who asks."""
        self._say_who()

    def _say_who(self) -> None:
        line = self._proof.data_to_send()
        if line:
            self.transport.write(line)

    def dataReceived(self, data: bytes) -> None:
        """The bus says something; what is no D-Bus ends the connection."""
        try:
            if self._proof.authenticated:
                self._hear(data)
                return
            self._proof.feed(data)
            if self._proof.authenticated:
                self.transport.write(b"BEGIN\r\n")
                self.ready.callback(None)
        except (AuthenticationError, ValueError, KeyError, IndexError, TypeError, OverflowError, UnicodeError) as error:
            self._end(Unreachable(f"what listens there is no session bus of this user's: {type(error).__name__}"))
            self.transport.abortConnection()

    def _hear(self, data: bytes) -> None:
        self._parser.add_data(data)
        while (message := self._parser.get_next_message()) is not None:
            self._take(message)
        if (self._parser.next_msg_size or 0) > MESSAGE_LIMIT:
            raise ValueError("it is too large")

    def _take(self, message: Message) -> None:
        asked = self._asked.pop(message.header.fields.get(HeaderFields.reply_serial, 0), None)
        if asked is None:
            return  # a signal, or what nobody waits for any more
        if message.header.message_type is MessageType.method_return:
            asked.callback(tuple(message.body))
        else:
            name = str(message.header.fields.get(HeaderFields.error_name, "an error"))
            asked.errback(Refused("no_desktop", f"no desktop takes notifications here: {name[:100]}"))

    def ask(
        self, where: DBusAddress, method: str, signature: str = "", args: tuple[Any, ...] = ()
    ) -> Deferred[tuple[Any, ...]]:
        """Call a method; fires with what it gives back.

        Fails with :class:`Refused` (``no_desktop``) and :class:`Unreachable`.
        """
        self._serial = serial = self._serial + 1
        answer: Deferred[tuple[Any, ...]] = Deferred(lambda _: self._forget(serial))
        self._asked[serial] = answer
        message = new_method_call(where, method, signature or None, args)
        self.transport.write(message.serialise(serial=serial))
        return answer.addTimeout(PATIENCE, self._clock)

    def _forget(self, serial: int) -> None:
        self._asked.pop(serial, None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nothing is answered any more."""
        del reason
        self._end(Unreachable("the session bus has closed the connection"))

    def _end(self, error: Unreachable) -> None:
        if not self.ready.called:
            self.ready.errback(error)
        asked, self._asked = self._asked, {}
        for each in asked.values():
            each.errback(error)


async def show_note(reactor: Any, path: str, title: str, text: str, urgent: bool) -> int:
    """Show a notification on the desktop of the session whose bus listens at `path`.

    :param title: of any origin, as `text` is; neither is taken for markup.
    :return: the desktop's number of it.
    :raises Unreachable: nobody answers there.
    :raises Refused: ``no_desktop``: no program shows notifications.
    """
    talk = await _connect(reactor, path)
    try:
        await talk.ready.addTimeout(PATIENCE, reactor)
        await talk.ask(BUS, "Hello")
        (abilities,) = await talk.ask(DESKTOP, "GetCapabilities")
        hints = {"urgency": ("y", CRITICAL if urgent else NORMAL), "category": ("s", "im")}
        shown = body(text, "body-markup" in abilities)
        words: tuple[Any, ...] = ("LANrage", 0, "applications-games", plain_title(title), shown, [], hints, SHOWN_MS)
        (number,) = await talk.ask(DESKTOP, "Notify", "susssasa{sv}i", words)
        return int(number)
    except (DeferredTimeout, ValueError, TypeError) as error:
        raise Unreachable("the desktop does not answer") from error
    finally:
        talk.transport.abortConnection()


async def _connect(reactor: IReactorUNIX, path: str) -> BusTalk:
    factory = Factory.forProtocol(lambda: BusTalk(reactor))  # type: ignore[arg-type]
    try:
        talk: Any = await UNIXClientEndpoint(reactor, path, PATIENCE).connect(factory)
    except Exception as error:  # as many kinds as there are states of a socket's file
        raise Unreachable(f"nobody listens at the session's bus: {error}") from error
    found: BusTalk = talk
    return found
