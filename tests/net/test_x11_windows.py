"""Windows of a real X server."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase
from Xlib import Xatom
from Xlib.display import Display

from lanrage.core.game_windows import Window
from lanrage.errors import Unreachable
from lanrage.net.window_watch import WindowWatch
from lanrage.net.x11_windows import X11Windows, half_blind, why_none
from tests.x_server import NO_XVFB, end, rename, show_window, start_server

reactor: Any = installed_reactor

PROGRAM = Path(os.path.realpath(sys.executable)).name
needs_xvfb = pytest.mark.skipif(bool(NO_XVFB), reason=NO_XVFB)


class WhyNone(SynchronousTestCase):
    """What a session without X is told."""

    def test_wayland_says_that_it_cannot(self) -> None:
        """Alone it tells nothing; with Xwayland, half."""
        self.assertIn("Wayland", why_none({"WAYLAND_DISPLAY": "wayland-0"}))
        self.assertIn("no graphical session", why_none({}))
        self.assertEqual(why_none({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}), "")
        self.assertTrue(half_blind({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}))
        self.assertFalse(half_blind({"DISPLAY": ":0"}))

    def test_no_server(self) -> None:
        """It is an error of the house, whatever python-xlib raises."""
        for name in (":987", "", "no display", "host:x:y"):
            with self.assertRaises(Unreachable):
                X11Windows(name or None if name else ":988")


@needs_xvfb
class RealWindows(SynchronousTestCase):
    """Xvfb with real windows."""

    def setUp(self) -> None:
        """A server and a connection."""
        self.display, self.server = start_server(self.addCleanup)
        self.windows = X11Windows(self.display)
        self.addCleanup(self.windows.close)
        self.wake, self.waker = os.pipe()
        self.addCleanup(os.close, self.wake)
        self.addCleanup(os.close, self.waker)

    def test_window_is_seen_with_its_program(self) -> None:
        """Title, class, process and that process's executable."""
        _, program = show_window(self.addCleanup, self.display, "OpenTTD 13.0", "Openttd")
        self.assertEqual(self.windows.read(), (Window("OpenTTD 13.0", "Openttd", program.pid, PROGRAM),))

    def test_list_of_the_window_manager_counts(self) -> None:
        """What ``_NET_CLIENT_LIST`` leaves out is no window of a user's."""
        listed, one = show_window(self.addCleanup, self.display, "A game", "Game")
        show_window(self.addCleanup, self.display, "A menu", "Menu")
        self.assertEqual({each.title for each in self.windows.read()}, {"A game", "A menu"})
        manager = Display(self.display)
        self.addCleanup(manager.close)
        root = manager.screen().root
        root.change_property(manager.get_atom("_NET_CLIENT_LIST"), Xatom.WINDOW, 32, [listed, 0x7FFFFF])
        manager.sync()
        self.assertEqual(self.windows.read(), (Window("A game", "Game", one.pid, PROGRAM),))

    def test_changes_wake(self) -> None:
        """A new title and a closed window are told at once; without a change nothing is."""
        _, program = show_window(self.addCleanup, self.display, "Lobby", "Game")
        self.windows.read()
        while self.windows.changed(self.wake, 0.0):
            pass
        self.assertFalse(self.windows.changed(self.wake, 0.0))
        rename(program, "In play")
        self.assertTrue(self.windows.changed(self.wake, 10.0))
        self.assertEqual([each.title for each in self.windows.read()], ["In play"])
        end(program)
        self.assertTrue(self.windows.changed(self.wake, 10.0))
        self.windows.settle(self.wake)
        self.assertEqual(self.windows.read(), ())

    def test_wake_ends_the_wait(self) -> None:
        """The waiting thread is called back by a byte."""
        self.windows.read()
        while self.windows.changed(self.wake, 0.0):
            pass
        os.write(self.waker, b"x")
        before = time.monotonic()
        self.assertFalse(self.windows.changed(self.wake, 60.0))
        self.assertLess(time.monotonic() - before, 30.0)

    def test_odd_windows(self) -> None:
        """A title of control characters and one without end are cut to a line; a false process id is none."""
        display = Display(self.display)
        self.addCleanup(display.close)
        root = display.screen().root
        for title, pid in (("evil\x1b[2J\ntitle", 0), ("x" * 5000, 2**31), ("", 1)):
            window = root.create_window(0, 0, 9, 9, 0, 24)
            window.change_property(display.get_atom("_NET_WM_NAME"), display.get_atom("UTF8_STRING"), 8, title.encode())
            window.change_property(display.get_atom("_NET_WM_PID"), Xatom.CARDINAL, 32, [pid])
        display.sync()
        self.assertEqual(self.windows.read(), (Window("evil[2J title"), Window("x" * 200)))

    def test_process_of_another_machine(self) -> None:
        """A number of a process counts with the name of this machine, whole or short, and not by itself."""
        display = Display(self.display)
        self.addCleanup(display.close)
        own = socket.gethostname()
        for machine in ("", "elsewhere", own, f"{own.partition('.')[0]}.lan"):
            window = display.screen().root.create_window(0, 0, 9, 9, 0, 24)
            window.set_wm_name(f"on {machine}")
            window.change_property(display.get_atom("_NET_WM_PID"), Xatom.CARDINAL, 32, [os.getpid()])
            if machine:
                window.set_wm_client_machine(machine)
        display.sync()
        found = {each.title.removeprefix("on").strip(): each.pid for each in self.windows.read()}
        short = f"{own.partition('.')[0]}.lan"
        self.assertEqual(found, {"": None, "elsewhere": None, own: os.getpid(), short: os.getpid()})

    def test_server_goes(self) -> None:
        """The end of the session is an error of the house."""
        self.windows.read()
        end(self.server)
        with self.assertRaises(Unreachable):
            self.windows.changed(self.wake, 10.0)
            self.windows.read()


@needs_xvfb
class RealWatch(TestCase):
    """The thread that watches."""

    timeout = 120

    def setUp(self) -> None:
        """A watch that notes what it tells."""
        self.display, self.server = start_server(self.addCleanup)
        self.told: list[tuple[Window, ...]] = []
        self.reasons: list[str] = []
        self.waiting: Deferred[None] | None = None
        self.watch = WindowWatch(reactor, lambda: X11Windows(self.display), self._tell, self._lost)
        self.addCleanup(self.watch.stop)

    def _tell(self, windows: tuple[Window, ...]) -> None:
        self.told.append(windows)
        self._wake()

    def _lost(self, reason: str) -> None:
        self.reasons.append(reason)
        self._wake()

    def _wake(self) -> None:
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            waiting.callback(None)

    async def _next(self) -> None:
        self.waiting = Deferred()
        await self.waiting

    async def test_tells_changes_alone(self) -> None:
        """The windows at first, then each time they differ, until it is stopped."""
        self.watch.start()
        await self._next()
        self.assertEqual(self.told, [()])
        following = self._next()
        show_window(self.addCleanup, self.display, "Teeworlds", "Teeworlds")
        await following
        self.assertEqual([each.title for each in self.told[-1]], ["Teeworlds"])
        self.assertTrue(self.watch.running)
        await self.watch.stop()
        self.assertFalse(self.watch.running)
        self.assertEqual(self.reasons, [])

    async def test_session_ends(self) -> None:
        """It is told once, and the watch may be started again."""
        self.watch.start()
        await self._next()
        following = self._next()
        end(self.server)
        await following
        self.assertEqual(len(self.reasons), 1)
        self.assertFalse(self.watch.running)
        following = self._next()
        self.watch.start()
        await following
        self.assertIn("no X server", self.reasons[-1])


class StuckWatch(TestCase):
    """A session that does not answer."""

    timeout = 120

    async def test_stop_is_bounded(self) -> None:
        """A read that hangs holds up no stop for long."""
        asked, going_on = threading.Event(), threading.Event()

        def connect() -> X11Windows:
            asked.set()
            going_on.wait(20)
            raise Unreachable("gone")

        watch = WindowWatch(reactor, connect, lambda windows: None, lambda reason: None)
        watch.start()
        while not asked.is_set():
            turn: Deferred[None] = Deferred()
            reactor.callLater(0.01, turn.callback, None)
            await turn
        before = time.monotonic()
        await watch.stop()
        self.assertLess(time.monotonic() - before, 10)
        going_on.set()
        while watch.running:
            turn = Deferred()
            reactor.callLater(0.01, turn.callback, None)
            await turn
