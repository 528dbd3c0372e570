"""A real browser in a host of a laboratory, steered from outside by one JSON object a line.

``python -m lanrage.lab.browser`` runs inside the host's network namespace, where the node's page is: it takes an order
on its standard input, carries it out in Debian's Chromium by Playwright, answers on its standard output, and ends with
its input. :class:`Browser` is the other side. Elements are named by their ``data-test``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lanrage.errors import MissingRight
from lanrage.lab.lab import Lab
from lanrage.lab.netns import LabError
from lanrage.lab.plan import Host
from lanrage.lab.process import Started, end, start_ticks
from lanrage.lab.wan import python_env

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CHROMIUM = "chromium"
WINDOW_SIZE = (1200, 860)
PATIENCE_S = 30.0
"""For anything that the page has to show; two browsers, two nodes and a game share two cores."""
END_S = 10.0
"""A browser that was told to end does so within a second."""
FEATURE_TEST = "Applying inline style violates"
"""Plotly asks by a style of an element what the browser can do; the page's policy refuses it, and it goes without."""


def check_browser() -> str:
    """Where the browser is.

    :raises MissingRight: when it is not installed, or nothing is there to steer it.
    """
    program = shutil.which(CHROMIUM)
    if program is None:
        raise MissingRight("a check of the web page needs a browser: apt-get install chromium")
    if find_spec("playwright") is None:
        raise MissingRight("a check of the web page steers its browser by playwright: pip install 'lanrage[browser]'")
    return program


class Browser:
    """A browser in a host, with one page.

    :raises LabError: from each method, with what the browser says.
    """

    def __init__(self, lab: Lab, host: Host, folder: Path) -> None:
        role = f"{host.name}-browser"
        program = shutil.which("ip") or "ip"
        command = [program, "netns", "exec", host.netns, sys.executable, "-m", "lanrage.lab.browser"]
        env = {**python_env(), "HOME": str(folder)}
        with lab.folder.log(role).open("ab") as log:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with  # it ends with this object
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env, cwd=folder, text=True
            )
        self._started = Started(role, self._process.pid, start_ticks(self._process.pid) or 0)
        lab.folder.add_process(self._started)
        self._name = host.name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            end([self._started])
            self._process.wait()
        self._process.stdout.close()

    def tell(self, do: str, **what: Any) -> Any:
        """Give an order; what came of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **what}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError as error:
            raise LabError(f"the browser of {self._name} has ended: {error}") from error
        answer = json.loads(line) if line else {"error": "it has ended"}
        if "error" in answer:
            raise LabError(f"the browser of {self._name}, {do} {what.get('test', '')}: {answer['error']}")
        return answer["result"]

    def open(self, url: str) -> None:
        """Go to an address."""
        self.tell("open", url=url)

    def fill(self, test: str, text: str) -> None:
        """Type into a field, in the place of what is there."""
        self.tell("fill", test=test, text=text)

    def click(self, test: str) -> None:
        """Press a button."""
        self.tell("click", test=test)

    def text(self, test: str, containing: str = "", timeout_s: float = PATIENCE_S) -> str:
        """The text of the first such element that is visible and contains this; waits for it."""
        found: str = self.tell("text", test=test, containing=containing, timeout_s=timeout_s)
        return found

    def look(self, size: tuple[int, int] = WINDOW_SIZE, *, light: bool = False) -> None:
        """Another size of the window, in CSS pixels, or other colours; without arguments, those of the start."""
        self.tell("look", width=size[0], height=size[1], light=light)

    def picture(self, path: Path) -> None:
        """Write what is shown, as PNG."""
        self.tell("picture", path=os.fspath(path))

    def trouble(self) -> list[str]:
        """Errors of the page's programs and of its policy, so far."""
        told: list[str] = self.tell("trouble")
        return told


class _Steered:
    """The page, inside the host."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._trouble: list[str] = []
        page.on("pageerror", lambda error: self._trouble.append(str(error)))
        page.on("console", lambda said: self._trouble.append(said.text) if said.type == "error" else None)

    def obey(self, order: dict[str, Any]) -> Any:
        """Carry one order out; each has a method of its name."""
        return getattr(self, f"do_{order.pop('do')}")(**order)

    def do_open(self, url: str) -> None:
        """Go to an address, also where only its fragment is another one."""
        self._page.goto("about:blank")
        self._page.goto(url)

    def do_fill(self, test: str, text: str) -> None:
        """Type."""
        self._found(test).fill(text)

    def do_click(self, test: str) -> None:
        """Press."""
        self._found(test).click()

    def do_text(self, test: str, containing: str, timeout_s: float) -> str:
        """Wait, and read."""
        found = self._found(test).filter(has_text=containing) if containing else self._found(test)
        found.first.wait_for(timeout=1000 * timeout_s)
        return str(found.first.inner_text())

    def do_reached(self, name: str, way: str, timeout_s: float) -> None:
        """Wait until a member is shown to be reached in this way."""
        row = self._page.locator(f"[data-test=member-row][data-reach={way}]").filter(has_text=name)
        row.first.wait_for(timeout=1000 * timeout_s)

    def do_shown(self, section: str) -> None:
        """Wait for a section of the page."""
        self._page.locator(f".section-{section}").wait_for()

    def do_plotted(self, timeout_s: float) -> None:
        """Wait for a line in a plot."""
        self._page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for(timeout=1000 * timeout_s)

    def do_look(self, width: int, height: int, light: bool) -> None:
        """Size and colours."""
        self._page.set_viewport_size({"width": width, "height": height})
        self._page.emulate_media(color_scheme="light" if light else "dark", reduced_motion="reduce")

    def do_picture(self, path: str) -> None:
        """Write it, from the top; what is on its way is there first, and notes at the edge are put away."""
        self._page.wait_for_function("() => document.querySelector('main .skeleton') === null")
        self._page.evaluate("document.querySelectorAll('.toast-close').forEach((close) => close.click())")
        self._page.evaluate("window.scrollTo(0, 0)")
        self._page.screenshot(path=path, animations="disabled")

    def do_trouble(self) -> list[str]:
        """What went wrong."""
        return [each for each in self._trouble if FEATURE_TEST not in each]

    def _found(self, test: str) -> Locator:
        return self._page.locator(f"[data-test={test}]")


@contextmanager
def _steered() -> Iterator[_Steered]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        options: dict[str, Any] = {"executable_path": check_browser(), "args": ["--no-sandbox", "--headless=new"]}
        with play.chromium.launch(**options) as browser:
            page = browser.new_page()
            page.set_default_timeout(1000 * PATIENCE_S)
            steered = _Steered(page)
            steered.do_look(*WINDOW_SIZE, light=False)
            yield steered


def main() -> None:
    """Obey until the input ends."""
    from playwright.sync_api import Error

    with _steered() as steered:
        for line in sys.stdin:
            try:
                answer = {"result": steered.obey(json.loads(line))}
            except Error as error:
                answer = {"error": error.message.splitlines()[0]}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
