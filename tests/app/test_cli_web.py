"""``lanrage web``: a link in a browser, on a terminal, or for a program."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from pathlib import Path

from lanrage.app.cli_web import OPENER, opened, opener
from tests.app.test_cli import CommandCase
from tests.fakes_web import CODE, PAGE


class WebTests(CommandCase):
    """The command, and how it finds a browser."""

    def browser(self, status: int) -> tuple[Path, Path]:
        """A folder with a program that notes what it was given, and the note."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-open-"))
        self.addCleanup(shutil.rmtree, folder)
        program, note = folder / OPENER, folder / "note"
        program.write_text(f'#!/bin/sh\nprintf %s "$1" > {note}\nexit {status}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program, note

    def test_print(self) -> None:
        """The link alone on standard output; for programs as JSON."""
        self.assertEqual(f"{PAGE}#login={CODE}\n", self.done("web", "--print"))
        self.assertEqual(("open_web", 1000), self.node.calls[-1])
        told = json.loads(self.done("web", "--json"))
        self.assertEqual({"url": f"{PAGE}#login={CODE}", "page": PAGE, "expires_s": 60.0}, told)

    def test_browser(self) -> None:
        """Only of a user's own graphical session, and only where the program for it is there."""
        program, _ = self.browser(0)
        session = {"DISPLAY": ":0", "PATH": os.fspath(program.parent)}
        self.assertEqual(os.fspath(program), opener(session, 1000))
        self.assertEqual(os.fspath(program), opener({**session, "DISPLAY": "", "WAYLAND_DISPLAY": "wayland-0"}, 1000))
        self.assertEqual("", opener(session, 0))
        self.assertEqual("", opener({**session, "DISPLAY": ""}, 1000))
        self.assertEqual("", opener({**session, "PATH": "/nowhere"}, 1000))

    def test_opened(self) -> None:
        """The program gets the link as one word; that it failed is seen."""
        program, note = self.browser(0)
        self.assertTrue(opened(os.fspath(program), f"{PAGE}#login=$(x)"))
        self.assertEqual(f"{PAGE}#login=$(x)", note.read_text())
        self.assertFalse(opened(os.fspath(self.browser(3)[0]), PAGE))
        self.assertFalse(opened("/nowhere/at/all", PAGE))
