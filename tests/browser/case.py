"""A browser, a node in memory in a process of its own, and what tests of the page share."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import SkipTest

import pytest
from twisted.trial.unittest import SynchronousTestCase

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent.parent
SECTIONS = ("party", "servers", "games", "stats", "settings", "logs", "doctor")
PATIENCE = 20_000
"""Milliseconds that a browser has for anything, on a machine that does something else beside."""
FEATURE_TEST = "Applying inline style violates"
"""Plotly asks by a style of an element what the browser can do; the page's policy refuses it, and it goes without."""


def chromium() -> str | None:
    """Debian's browser."""
    return shutil.which("chromium")


def lacking() -> str:
    """Why there is no browser to test with; empty where there is."""
    if chromium() is None:
        return "needs chromium (Debian: apt-get install chromium)"
    return "" if find_spec("playwright") is not None else "needs playwright (pip install 'lanrage[browser]')"


@pytest.mark.lab
class BrowserCase(SynchronousTestCase):
    """One browser and one node for all tests of a class; each has a page of its own.

    :cvar scene: of :data:`tests.browser.scenes.SCENES`.
    :cvar arguments: more of the browser's.
    """

    scene: ClassVar[str] = "usual"
    arguments: ClassVar[tuple[str, ...]] = ()
    width, height = 1200, 860
    dark = True
    browser: ClassVar[Browser]
    process: ClassVar[subprocess.Popen[str]]
    where: ClassVar[str]
    page: Page

    @classmethod
    def setUpClass(cls) -> None:
        """Start the browser."""
        super().setUpClass()
        if lacking():
            raise SkipTest(lacking())
        from playwright.sync_api import sync_playwright

        cls.process = cls._start()
        cls.addClassCleanup(cls._stop)
        cls.where = cls._line()
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        options: dict[str, Any] = {
            "executable_path": chromium(),
            "args": ["--no-sandbox", "--headless=new", *cls.arguments],
        }
        cls.browser = playwright.chromium.launch(**options)
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def _start(cls, *port: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.browser.server", cls.scene, *port]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")

    @classmethod
    def _stop(cls) -> None:
        assert cls.process.stdin is not None
        assert cls.process.stdout is not None
        if cls.process.poll() is not None:
            return
        cls.process.stdin.close()
        cls.process.wait(20)
        cls.process.stdout.close()

    @classmethod
    def _line(cls) -> str:
        assert cls.process.stdout is not None
        return cls.process.stdout.readline().strip()

    @classmethod
    def tell(cls, word: str) -> str:
        """Ask the node's process for something."""
        assert cls.process.stdin is not None
        cls.process.stdin.write(f"{word}\n")
        cls.process.stdin.flush()
        return cls._line()

    def setUp(self) -> None:
        """A node as in the beginning, and a page."""
        super().setUp()
        self.tell("reset")
        self.trouble: list[str] = []
        self.page = self.open_page()

    def open_page(self, **more: Any) -> Page:
        """Another page with a memory of its own."""
        size: dict[str, Any] = {"viewport": {"width": self.width, "height": self.height}}
        scheme = {"color_scheme": "dark" if self.dark else "light", "reduced_motion": "reduce"}
        context = self.browser.new_context(**{**size, **scheme, **more})
        self.addCleanup(context.close)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda said: self.trouble.append(said.text) if said.type == "error" else None)
        return page

    def sign_in(self, more: str = "", page: Page | None = None) -> None:
        """Open the address that signs in.

        :param more: for the address's end.
        """
        page = page or self.page
        page.goto(self.tell("login") + more)
        page.locator("[data-test=connection]").filter(has_not_text="Loading").wait_for()

    def found(self, name: str) -> Any:
        """What has this name for tests."""
        return self.page.locator(f"[data-test={name}]")

    def create(self, name: str = "Friday", member: str = "Ann") -> None:
        """Start a party by the first screen."""
        self.found("create-name").fill(name)
        self.found("create-member").fill(member)
        self.found("create-go").click()
        self.found("party-title").wait_for()

    def visit(self, section: str) -> None:
        """Open a section, and wait until nothing in it is a placeholder."""
        self.found(f"nav-{section}").click()
        self.page.locator(f".section-{section}").wait_for()
        self.page.wait_for_function("() => document.querySelector('main .skeleton') === null")

    def no_trouble(self) -> None:
        """Neither an error in a program nor one of the policy."""
        self.assertEqual([each for each in self.trouble if FEATURE_TEST not in each], [])
