"""``lanrage lab web``: two friends and their browsers, from nothing to "I see your server" (``docs/lab.rst``)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote

import attrs

from lanrage.core.settings_web import WEB_EXAMPLE
from lanrage.lab import roles, teardown
from lanrage.lab.browser import Browser, check_browser
from lanrage.lab.demo import SERVER_START_S, laboratory
from lanrage.lab.folder import BASE
from lanrage.lab.game_recipes import LISTED, ListedServer
from lanrage.lab.lab import Lab
from lanrage.lab.netns import LabError
from lanrage.lab.node_call import Session
from lanrage.lab.party import SERVER
from lanrage.lab.plan import Host
from lanrage.lab.process import end, spawn, wait_for
from lanrage.lab.result import Result

NAME = "web"
KINDS = ("restricted", "cone")
PARTY, ANN, BEN = "Friday", "Ann", "Ben"
GAME = "teeworlds"
DIRECT_S = 20.0
"""Both routers are opened within a second; on a busy machine within a few."""
CREATE_MS = JOIN_MS = 10_000.0
"""From pressing the button until the party is shown: a person waits for ten seconds while something moves."""
SEEN_S = 10.0
"""From when the game's server listens until it stands in the other's list with its name."""
PLOTTED_S = 15.0
"""Values come each second; the library that draws them is four megabytes."""
REST = ("games", "stats", "settings", "logs", "doctor")
"""Sections of the page that are only looked at."""
LOOKS = ("light", "phone")
"""Pictures of the party in other colours, and on a narrow screen."""
PHONE_SIZE = (390, 780)


@attrs.define
class Tour:
    """The pictures, in their order.

    :param folder: where they are kept; None = nowhere.
    """

    folder: Path | None
    names: list[str] = attrs.field(factory=list)

    def take(self, browser: Browser, name: str) -> None:
        """One more."""
        if self.folder is not None:
            file = f"{len(self.names) + 1:02}-{name}.png"
            browser.picture(self.folder / file)
            self.names.append(file)


def web(
    base: Path = BASE,
    name: str = NAME,
    say: Callable[[str], None] = lambda _text: None,
    pictures: Path | None = None,
) -> Result:
    """Two nodes' pages in Chromium: found a party, join it by its link, and see a real game server.

    :param pictures: folder for the screenshots, made where it is missing.
    :raises MissingRight: when the browser or the game is not installed.
    """
    check_browser()
    game = next(each for each in LISTED if each.game == GAME)
    game.program_path()
    if pictures is not None:
        pictures = pictures.absolute()
        pictures.mkdir(parents=True, exist_ok=True)
    result = Result(NAME)
    options = ("--game-poll", "1", "--server", SERVER, "--web-listen", WEB_EXAMPLE)
    with laboratory(name, KINDS, base, say, node_options=options) as lab:
        lab.start(roles.roles(lab.plan))
        first, second = lab.plan.hosts
        say("starting two browsers")
        with _browser(lab, first) as ann, _browser(lab, second) as ben:
            tour = Tour(pictures)
            try:
                link = _create(lab, first, ann, tour, result, say)
                _join(lab, second, ben, link, tour, result, say)
                _meet(ann, ben, tour, result, say)
                _see_server(lab, first, ben, game, tour, result, say)
                _look_around(ann, tour, say)
                _other_looks(ann, tour, say)
            except LabError as error:
                result.fail(str(error))
                teardown.keep_logs(lab.folder)
                tour.take(ann, "trouble-ann")
                tour.take(ben, "trouble-ben")
            result.exactly("page_errors", [*ann.trouble(), *ben.trouble()], [])
        result.figures["pictures"] = tour.names
    return result


def _browser(lab: Lab, host: Host) -> Browser:
    folder = lab.folder.role(f"{host.name}-browser")
    folder.mkdir(parents=True, exist_ok=True)
    return Browser(lab, host, folder)


def _sign_in(lab: Lab, host: Host) -> str:
    """The link that ``lanrage web`` opens."""
    with Session(roles.node_socket(lab.folder, host)) as session:
        url: str = session.call("web.open").result["url"]
    return url


def _ms(begin: float) -> float:
    return round(1000 * (time.monotonic() - begin), 1)


def _create(lab: Lab, host: Host, browser: Browser, tour: Tour, result: Result, say: Callable[[str], None]) -> str:
    """Found a party; the link for the friend."""
    say(f"{ANN} founds a party")
    begin = time.monotonic()
    browser.open(_sign_in(lab, host))
    browser.text("create-go")
    result.figures["first_screen_ms"] = _ms(begin)
    browser.fill("create-name", PARTY)
    browser.fill("create-member", ANN)
    tour.take(browser, "start")
    begin = time.monotonic()
    browser.click("create-go")
    browser.text("party-title", PARTY)
    result.at_most("create_ms", _ms(begin), CREATE_MS)
    link = browser.text("invite-link")
    tour.take(browser, "invite")
    return link


def _join(
    lab: Lab, host: Host, browser: Browser, link: str, tour: Tour, result: Result, say: Callable[[str], None]
) -> None:
    say(f"{BEN} joins by the link")
    browser.open(f"{_sign_in(lab, host)}&join={quote(link, safe='')}")
    browser.fill("join-member", BEN)
    tour.take(browser, "join")
    begin = time.monotonic()
    browser.click("join-go")
    browser.text("party-title", PARTY)
    result.at_most("join_ms", _ms(begin), JOIN_MS)


def _meet(ann: Browser, ben: Browser, tour: Tour, result: Result, say: Callable[[str], None]) -> None:
    """Each sees the other, and the way between them is the direct one."""
    say("waiting until both see each other, directly")
    begin = time.monotonic()
    for browser, other in ((ann, BEN), (ben, ANN)):
        browser.text("member-row", other)
        browser.tell("reached", name=other, way="direct", timeout_s=DIRECT_S)
    result.at_most("direct_ms", _ms(begin), 1000 * DIRECT_S)
    ann.click("invite-close")
    tour.take(ann, "party")


def _see_server(
    lab: Lab,
    host: Host,
    browser: Browser,
    game: ListedServer,
    tour: Tour,
    result: Result,
    say: Callable[[str], None],
) -> None:
    say(f"{ANN} starts a server of {game.game}, {BEN} looks at the list")
    browser.click("nav-servers")
    folder = lab.folder.role(host.name) / game.game
    begin = time.monotonic()
    role, env = f"{host.name}-{game.game}", {**os.environ, "HOME": str(folder)}
    started = spawn(role, host.netns, game.command(folder), lab.folder.log(role), env, folder)
    lab.folder.add_process(started)
    try:
        wait_for(f"{game.game} listens", partial(roles.udp_bound, host.netns, game.port), SERVER_START_S)
        result.figures["server_started_s"] = round(time.monotonic() - begin, 2)
        begin = time.monotonic()
        shown = browser.text("server-row", game.title)
        result.at_most("server_seen_s", round(time.monotonic() - begin, 2), SEEN_S)
        result.exactly("server_of", ANN in shown, True)
        tour.take(browser, "servers")
    finally:
        end([started])


def _look_around(browser: Browser, tour: Tour, say: Callable[[str], None]) -> None:
    """Every other section shows itself."""
    for section in REST:
        say(f"looking at {section}")
        browser.click(f"nav-{section}")
        browser.tell("shown", section=section)
        if section == "stats":
            browser.tell("plotted", timeout_s=PLOTTED_S)
        tour.take(browser, section)


def _other_looks(browser: Browser, tour: Tour, say: Callable[[str], None]) -> None:
    """The party as it is by day, and in a hand."""
    say("looking at light colours and a narrow screen")
    light, phone = LOOKS
    browser.click("nav-party")
    browser.look(light=True)
    browser.text("member-row", BEN)
    tour.take(browser, light)
    browser.look(PHONE_SIZE)
    browser.text("member-row", BEN)
    tour.take(browser, phone)
