"""``lanrage open-link`` as a desktop starts it: a process of its own, a browser that notes what it is given, a node's
socket. The node is in memory, the terminal is a real one."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from twisted.internet import reactor as installed_reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from lanrage.app.api import ApiService
from lanrage.app.cli_web import OPENER
from tests.core.test_discord_activity import code
from tests.fakes_node import FakeNode
from tests.fakes_web import CODE, PAGE

reactor: Any = installed_reactor
ROOT = Path(__file__).resolve().parents[2]
LINK = code("[2001:db8::7]:7766").link()
"""With what a browser's address may not hold as it is: brackets, and a second number sign."""
PATIENCE = 60.0
"""Seconds for one command on a busy machine."""
QUESTION = b"Join the party at [2001:db8::7]:7766? [y/N]: "
AS_PLAYER = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
"""Root's browser is nobody's, so what root runs here takes itself for another (user_namespaces(7))."""
NO_PLAYER = (
    "" if subprocess.run([*AS_PLAYER, "true"], capture_output=True, check=False).returncode == 0 else "needs unshare"
)


@pytest.mark.skipif(bool(NO_PLAYER), reason=NO_PLAYER)
class OpenLinkTests(TestCase):
    """One link."""

    timeout = 2 * PATIENCE

    def setUp(self) -> None:
        """A node's socket, a browser, a home."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-open-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.node, self.socket = FakeNode(), self.folder / "run" / "node.sock"
        api = ApiService(reactor, self.socket, self.node)
        api.startService()
        self.addCleanup(api.stopService)
        (self.folder / "bin").mkdir()
        self.note = self.folder / "home" / "opened"
        self.note.parent.mkdir()
        self.browser(0)

    def browser(self, status: int) -> None:
        """A program that notes each of its arguments in a line, and ends so."""
        program = self.folder / "bin" / OPENER
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {self.note}\nexit {status}\n')
        program.chmod(0o755)

    @property
    def opened(self) -> list[str]:
        """What the browser was given."""
        return self.note.read_text().splitlines() if self.note.exists() else []

    def start(self, streams: dict[str, Any], link: str = LINK) -> subprocess.Popen[bytes]:
        """The command, as the player's desktop starts it."""
        path = f"{self.folder / 'bin'}:{os.environ.get('PATH', os.defpath)}"
        environment = {"PATH": path, "HOME": str(self.note.parent), "DISPLAY": ":99", "PYTHONPATH": str(ROOT)}
        command = [*AS_PLAYER, sys.executable, "-m", "lanrage", "--socket", str(self.socket), "open-link", link]
        return subprocess.Popen(command, cwd=ROOT, env=environment, **streams)

    def from_desktop(self) -> tuple[int, str]:
        """Run it without a terminal; its status, and what it said."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with self.start(pipes) as process:
            try:
                said, _ = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
            return process.returncode, said.decode()

    def on_terminal(self, answers: Sequence[bytes]) -> tuple[int, str]:
        """Run it on a terminal, and answer its question; its status, and what was on the screen."""
        ours, theirs = pty.openpty()
        with self.start({"stdin": theirs, "stdout": theirs, "stderr": theirs}) as process:
            os.close(theirs)
            try:
                said = _talk(ours, list(answers))
                status = process.wait(PATIENCE)
            finally:
                process.kill()
                os.close(ours)
            return status, said.decode()

    async def test_page(self) -> None:
        """The page is opened with the invitation in it, as one address and one argument; nothing is joined."""
        status, said = await deferToThread(self.from_desktop)
        self.assertEqual((status, said), (0, ""))
        (address,) = self.opened
        start = f"{PAGE}#login={CODE}&join="
        self.assertTrue(address.startswith(start), address)
        self.assertEqual(unquote(address.removeprefix(start)), LINK)
        self.assertEqual([address.count(char) for char in "#[]&"], [1, 0, 0, 1])
        self.assertEqual([call[0] for call in self.node.calls], ["open_web"])

    @pytest.mark.lab
    async def test_no_browser(self) -> None:
        """A browser that fails is as good as none: the command is said."""
        self.browser(3)
        status, said = await deferToThread(self.from_desktop)
        self.assertEqual(status, 0, said)
        self.assertEqual(len(self.opened), 1)
        self.assertTrue(said.endswith(f"lanrage party join '{LINK}'\n"), said)
        self.assertNotIn("join_party", [call[0] for call in self.node.calls])

    async def test_terminal(self) -> None:
        """It is asked there, and no browser is opened; without a yes nothing is joined."""
        status, said = await deferToThread(self.on_terminal, [b"\n"])
        self.assertEqual((status, self.node.calls, self.opened), (1, [], []), said)
        self.assertIn("nothing was joined", said)

    @pytest.mark.lab
    async def test_yes_on_terminal(self) -> None:
        """With a yes it is joined by the link."""
        status, said = await deferToThread(self.on_terminal, [b"y\n"])
        self.assertEqual((status, self.opened), (0, []), said)
        self.assertEqual([call[:2] for call in self.node.calls], [("join_party", LINK)])


def _talk(terminal: int, answers: list[bytes]) -> bytes:
    """Answer each question; all that was said until the other side is gone."""
    said, deadline = b"", time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answers and QUESTION in said:
            os.write(terminal, answers.pop(0))
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        try:
            more = os.read(terminal, 4096)
        except OSError:  # nobody holds the other end any more
            break
        if not more:
            break
        said += more
    return said
