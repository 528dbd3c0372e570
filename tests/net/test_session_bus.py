"""Notifications over a real session bus, and what is no bus."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any
from unittest import skipIf

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.errors import LanrageError, Refused, Unreachable
from lanrage.net import session_bus
from lanrage.net.session_bus import BUS, BusTalk, bus_path, show_note
from tests.desktop_bus import NO_DBUS, start_bus, start_desktop

STRANGER = 'Mallory <a href="x">&amp;\x1b[31m\u202e joined'


class PathTests(SynchronousTestCase):
    """Where a session's bus is."""

    def setUp(self) -> None:
        """A runtime folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def test_named(self) -> None:
        """The address that the session gives, with what is escaped in it; the first that is a UNIX socket."""
        self.assertEqual(bus_path({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/a%20b,guid=1"}, 0), "/run/a b")
        several = "tcp:host=h,port=1;unix:abstract=/tmp/x"
        self.assertEqual(bus_path({"DBUS_SESSION_BUS_ADDRESS": several}, 0), "\0/tmp/x")

    def test_runtime_folder(self) -> None:
        """A socket of the user's own there counts, another's and a plain file do not."""
        environment = {"XDG_RUNTIME_DIR": str(self.folder)}
        path = self.folder / "bus"
        path.touch()
        self.assertRaises(Unreachable, bus_path, environment, os.geteuid())
        path.unlink()
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(path))
        self.assertEqual(bus_path(environment, os.geteuid()), str(path))
        self.assertRaises(Unreachable, bus_path, environment, os.geteuid() + 1)

    @given(st.text(max_size=40))
    def test_any_address(self, text: str) -> None:
        """Any address names a socket, or is refused by an error of the house."""
        try:
            self.assertIsInstance(bus_path({"DBUS_SESSION_BUS_ADDRESS": text}, 0), str)
        except Unreachable:
            pass


class SilentTests(TestCase):
    """What listens there says nothing."""

    timeout = 60

    async def test_silent(self) -> None:
        """A bus, or a desktop behind it, that hangs is given up as one that is not there."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-"))
        self.addCleanup(shutil.rmtree, folder)
        self.patch(session_bus, "PATIENCE", 0.1)
        for name, words in (("bus", b""), ("desktop", b"OK 1234\r\n")):
            path = str(folder / name)

            class Silent(Protocol):
                """Says this, and nothing more."""

                greeting = words

                def connectionMade(self) -> None:
                    """At once."""
                    self.transport.write(self.greeting)  # type: ignore[union-attr]

            port: Any = reactor.listenUNIX(path, Factory.forProtocol(Silent))  # type: ignore[attr-defined]
            self.addCleanup(port.stopListening)
            with self.assertRaises(Unreachable) as caught:
                await show_note(reactor, path, "Friday", "Ben left", False)
            self.assertIn("does not answer", str(caught.exception))


class HostileTests(SynchronousTestCase):
    """What answers is no bus."""

    @given(st.lists(st.binary(max_size=64), max_size=4), st.booleans())
    def test_any_bytes(self, parts: list[bytes], known: bool) -> None:
        """Nothing is raised, and whoever waits is told in the end."""
        clock, transport = Clock(), StringTransport()
        talk = BusTalk(clock)
        talk.makeConnection(transport)
        outcome: list[Any] = []
        talk.ready.addBoth(outcome.append)
        if known:
            talk.dataReceived(b"OK 1234\r\n")
            talk.ask(BUS, "Hello").addBoth(outcome.append)
        for part in parts:
            if not transport.disconnecting:
                talk.dataReceived(part)
        clock.advance(10)
        talk.connectionLost()
        self.assertEqual(len(outcome), 2 if known else 1)
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_too_large(self) -> None:
        """A message that says that it has a gigabyte ends the connection before it is gathered."""
        talk, transport = BusTalk(Clock()), StringTransport()
        talk.makeConnection(transport)
        talk.dataReceived(b"OK 1234\r\n")
        self.successResultOf(talk.ready)
        asked = talk.ask(BUS, "Hello")
        talk.dataReceived(b"l\2\1\1" + (2**26).to_bytes(4, "little") + b"\1\0\0\0" + b"\0" * 4)
        self.failureResultOf(asked, Unreachable)
        self.assertTrue(transport.disconnecting)


@skipIf(NO_DBUS, NO_DBUS)
class RealTests(TestCase):
    """With dbus-daemon and a desktop of ours."""

    timeout = 120

    def setUp(self) -> None:
        """A bus."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-"))
        self.addCleanup(shutil.rmtree, folder)
        self.path = start_bus(self.addCleanup, folder)

    async def desktop(self, *abilities: str) -> Any:
        """A desktop on it."""
        made = await start_desktop(reactor, self.path, *abilities)
        self.addCleanup(made.transport.abortConnection)
        return made

    async def test_shown(self) -> None:
        """The text reaches a desktop that reads markup as text, and the urgency with it."""
        desktop = await self.desktop("body", "body-markup")
        self.assertEqual(await show_note(reactor, str(self.path), "<b>Friday</b>", f"{STRANGER}\nBen left", True), 1)
        name, replaces, _, title, text, actions, hints, expires = desktop.notes[0]
        self.assertEqual((name, replaces, title), ("LANrage", 0, "\u2039b\u203aFriday\u2039/b\u203a"))
        self.assertEqual(text, "Mallory &lt;a href=&quot;x&quot;&gt;&amp;amp;[31m joined\nBen left")
        self.assertEqual((actions, hints["urgency"], expires), ([], ("y", 2), -1))

    async def test_without_markup(self) -> None:
        """A desktop that reads none gets no entities, and still nothing that looks like a tag."""
        desktop = await self.desktop("body")
        await show_note(reactor, str(self.path), "Friday", STRANGER, False)
        self.assertEqual(desktop.notes[0][4], 'Mallory \u2039a href="x"\u203a&amp;[31m joined')
        self.assertEqual(desktop.notes[0][6]["urgency"], ("y", 1))

    async def test_nobody(self) -> None:
        """A bus without a desktop, and none at all, are said so."""
        with self.assertRaises(Refused) as caught:
            await show_note(reactor, str(self.path), "Friday", "Ben left", False)
        self.assertIn("no desktop takes notifications", str(caught.exception))
        with self.assertRaises(Unreachable):
            await show_note(reactor, str(self.path.with_name("nothing")), "Friday", "Ben left", False)

    async def test_bus_comes_back(self) -> None:
        """A session whose bus ends and is started anew is shown notes again."""
        ends: list[tuple[Any, ...]] = []
        folder = self.path.with_name("second")
        folder.mkdir()
        path = start_bus(lambda *call: ends.append(call), folder)
        (stop, daemon) = ends.pop()
        first = await start_desktop(reactor, path)
        await show_note(reactor, str(path), "Friday", "Ben joined", False)
        stop(daemon)
        with self.assertRaises(Unreachable):
            await show_note(reactor, str(path), "Friday", "Ben left", False)
        path.unlink(missing_ok=True)
        start_bus(self.addCleanup, folder)
        second = await start_desktop(reactor, path)
        self.addCleanup(second.transport.abortConnection)
        await show_note(reactor, str(path), "Friday", "Ben hosts Quake", False)
        self.assertEqual([each.notes[-1][4] for each in (first, second)], ["Ben joined", "Ben hosts Quake"])

    async def test_another_program(self) -> None:
        """What listens there and is no bus is refused, and not waited for."""

        class Rude(Protocol):
            """Speaks something else."""

            def connectionMade(self) -> None:
                """At once."""
                self.transport.write(b"220 mail.example.org ESMTP\r\n")  # type: ignore[union-attr]

        path = str(self.path.with_name("rude"))
        port: Any = reactor.listenUNIX(path, Factory.forProtocol(Rude))  # type: ignore[attr-defined]
        self.addCleanup(port.stopListening)
        with self.assertRaises(LanrageError):
            await show_note(reactor, path, "Friday", "Ben left", False)
