"""``lanrage lab web``: from nothing to "I see your server", through the pages of two nodes (``docs/lab.rst``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import attrs

from lanrage.errors import MissingRight
from lanrage.lab import roles
from lanrage.lab.demo import laboratory, start_server
from lanrage.lab.folder import BASE
from lanrage.lab.games import TEEWORLDS
from lanrage.lab.lab import Lab
from lanrage.lab.node_call import call
from lanrage.lab.party import SERVER
from lanrage.lab.plan import Host
from lanrage.lab.result import Result

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

NAME = "web"
KINDS = ("open", "restricted")
"""A host whose friend sits behind a usual router."""
PATIENCE_MS = 30_000
"""For each step, on a machine that does something else beside."""
LIMITS_S = {"create_s": 10.0, "join_s": 10.0, "direct_s": 15.0, "server_s": 20.0}
"""What a user waits for without wondering; measured are one to three seconds, for the server under ten."""
FOREIGN = "http://127.0.0.1:9/"
"""An address of another origin: nothing listens there, the page is made up."""
ATTEMPT = """async ([page, token]) => {
  const socket = new Promise((done) => {
    const tried = new WebSocket(page.replace("http", "ws") + "api/v1/socket", ["lanrage.v1", "token." + token]);
    tried.onopen = () => done("open");
    tried.onerror = () => done("refused");
  });
  const headers = { Authorization: "Bearer " + token };
  const read = await fetch(page + "api/v1/status", { headers }).then(() => "open", () => "refused");
  const blind = { method: "POST", mode: "no-cors", body: "{}" };
  await fetch(page + "api/v1/party/leave", blind).catch(() => null);
  return [read, await socket];
}"""
"""What a foreign page tries, even with a token that it cannot have."""


def web(
    base: Path = BASE, name: str = NAME, say: Callable[[str], None] = lambda _text: None, shots: Path | None = None
) -> Result:
    """A party made on one host's page, joined by its link on another's, which then shows a real game server.

    :param shots: folder for pictures of the pages; ``None``: of the laboratory, and gone with it.
    """
    result = Result(NAME)
    with laboratory(name, KINDS, base, say) as lab, browsers() as starter:
        lab.start(roles.roles(lab.plan))
        first, second = (Desk.open(starter, lab, host, shots or lab.folder.path / "shots") for host in lab.plan.hosts)
        say("making a party on one page")
        link = create(first, lab, result)
        say("joining by its link on the other")
        join(second, link, first.host.name, result)
        say("hosting a game")
        host_game(lab, first, second, result)
        foreign(second, result)
        for desk in (first, second):
            result.figures["errors"] = [*result.figures.get("errors", []), *desk.errors]
    result.exactly("errors", result.figures["errors"], [])
    return result


@contextmanager
def browsers() -> Iterator[Playwright]:
    """What steers browsers.

    :raises MissingRight: it is not installed.
    """
    if find_spec("playwright") is None:
        raise MissingRight("the laboratory needs playwright: pip install 'lanrage[browser]'")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as starter:
        yield starter


@attrs.define
class Desk:
    """A host with its node's page in a browser of its own.

    :ivar errors: what went wrong inside of the page.
    """

    host: Host
    page: Page
    shots: Path
    browser: Browser
    login: Callable[[], str]
    errors: list[str] = attrs.field(factory=list)

    @classmethod
    def open(cls, starter: Playwright, lab: Lab, host: Host, shots: Path) -> Desk:
        """Start a browser in a host's network.

        :raises MissingRight: there is none.
        """
        program, ip = which("chromium"), which("ip")
        if program is None or ip is None:
            raise MissingRight("the laboratory needs chromium: apt-get install chromium")
        wrapper = lab.folder.path / f"{host.name}-browser"
        wrapper.write_text(f'#!/bin/sh\nexec {ip} netns exec {host.netns} {program} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        options: dict[str, Any] = {"executable_path": str(wrapper), "args": ["--no-sandbox", "--headless=new"]}
        browser = starter.chromium.launch(**options)
        page = browser.new_context(viewport={"width": 1280, "height": 860}, color_scheme="dark").new_page()
        page.set_default_timeout(PATIENCE_MS)
        shots.mkdir(parents=True, exist_ok=True)
        socket = roles.node_socket(lab.folder, host)
        desk = cls(host, page, shots, browser, lambda: str(call(socket, "web.open").result["url"]))
        page.on("pageerror", lambda error: desk.errors.append(f"{host.name}: {error}"))
        return desk

    def found(self, name: str) -> Any:
        """An element by its name for tests."""
        return self.page.locator(f"[data-test={name}]")

    def picture(self, name: str) -> None:
        """Keep what is seen."""
        self.page.screenshot(path=self.shots / f"{self.host.name}-{name}.png")


def create(desk: Desk, lab: Lab, result: Result) -> str:
    """Make a party as a user does; the link that the page shows."""
    desk.page.goto(desk.login())
    desk.found("create-name").fill(lab.record.name)
    desk.found("create-member").fill(desk.host.name)
    desk.page.locator(".choice-create summary").click()
    desk.found("create-server").fill(SERVER)
    desk.picture("first-screen")
    begin = time.monotonic()
    desk.found("create-go").click()
    desk.found("party-title").wait_for()
    _took(result, "create_s", begin)
    link: str = desk.found("invite-link").inner_text()
    desk.found("invite-qr").wait_for()
    desk.picture("created")
    return link


def join(desk: Desk, link: str, friend: str, result: Result) -> None:
    """Come by the link, choose a name, and see the friend."""
    desk.page.goto(f"{desk.login()}&join={link}")
    desk.found("join-member").fill(desk.host.name)
    result.exactly("link_is_in_the_field", desk.found("join-code").input_value() == link, True)
    desk.picture("invited")
    begin = time.monotonic()
    desk.found("join-go").click()
    desk.found("party-title").wait_for()
    _took(result, "join_s", begin)
    desk.found("member-row").filter(has_text=friend).filter(has_text="Direct").wait_for()
    _took(result, "direct_s", begin)
    desk.picture("joined")


def host_game(lab: Lab, host: Desk, guest: Desk, result: Result) -> None:
    """A real server of one is on the other's page, by its own name."""
    guest.found("nav-servers").click()
    begin = time.monotonic()
    start_server(lab, host.host, TEEWORLDS)
    row = guest.found("server-row").filter(has_text=TEEWORLDS.title)
    row.wait_for()
    _took(result, "server_s", begin)
    row.filter(has_text="Ready to join").wait_for()
    result.exactly("host_is_named", host.host.name in row.inner_text(), True)
    guest.picture("server")
    guest.found("nav-doctor").click()
    guest.found("verdict").wait_for()
    guest.picture("doctor")


def foreign(desk: Desk, result: Result) -> None:
    """A page of another origin in the same browser gets nothing, and does nothing."""
    page, token = desk.page.url.partition("#")[0], desk.page.evaluate("sessionStorage.getItem('lanrage.token')")
    other = desk.page.context.new_page()
    other.route(FOREIGN, lambda route: route.fulfill(body="<title>foreign</title>", content_type="text/html"))
    other.goto(FOREIGN)
    result.exactly("foreign_page", other.evaluate(ATTEMPT, [page, token]), ["refused", "refused"])
    desk.found("nav-party").click()
    desk.found("party-title").wait_for()
    result.exactly("still_in_the_party", desk.found("member-row").count(), len(KINDS))


def _took(result: Result, figure: str, begin: float) -> None:
    result.at_most(figure, round(time.monotonic() - begin, 2), LIMITS_S[figure])
