"""Keyboard alone, screen readers, small screens."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from unittest import SkipTest

import pytest

from tests.browser.case import SECTIONS, BrowserCase

GRAVE = ("serious", "critical")
NARROW = 360
FOCUS = "document.activeElement.dataset.test ?? document.activeElement.tagName"


@pytest.mark.lab
class KeyboardTests(BrowserCase):
    """Without a mouse."""

    def press_until(self, wanted: str, key: str = "Tab", most: int = 40) -> None:
        """Press a key until an element has the focus."""
        for _ in range(most):
            if self.page.evaluate(FOCUS) == wanted:
                return
            self.page.keyboard.press(key)
        self.fail(f"{wanted} was not reached")

    def test_create(self) -> None:
        """A party by Tab, letters and Enter; each control on the way shows that it has the focus."""
        self.sign_in()
        self.found("create-name").wait_for()
        self.press_until("create-name")
        self.page.keyboard.type("Friday")
        self.page.keyboard.press("Tab")
        self.page.keyboard.type("Ann")
        self.press_until("create-go")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        self.assertEqual(self.page.evaluate(outline), "solid")
        self.page.keyboard.press("Enter")
        self.found("party-title").wait_for()

    def test_join(self) -> None:
        """Joining, where Enter in a field is enough."""
        self.sign_in()
        self.press_until("join-code")
        self.page.keyboard.type("LR1-abc")
        self.press_until("join-member")
        self.page.keyboard.type("Ben")
        self.page.keyboard.press("Enter")
        self.found("stages").wait_for()
        self.assertEqual(self.page.evaluate(FOCUS), "stages")
        self.found("party-title").wait_for()

    def test_skip_link(self) -> None:
        """The first Tab leads past the navigation."""
        self.sign_in()
        self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")
        self.assertEqual(self.page.evaluate("document.activeElement.id"), "main")

    def test_dialog(self) -> None:
        """A dialog keeps the focus inside of it; Esc closes it and gives the focus back."""
        self.sign_in()
        self.create()
        self.found("member-details").last.focus()
        self.page.keyboard.press("Enter")
        self.page.locator("dialog[open]").wait_for()
        for _ in range(12):
            self.page.keyboard.press("Tab")
            inside = "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
            self.assertTrue(self.page.evaluate(inside))
        self.page.keyboard.press("Escape")
        self.page.locator("dialog").wait_for(state="detached")
        self.assertEqual(self.page.evaluate(FOCUS), "member-details")

    def test_sections(self) -> None:
        """Enter on a section's link shows it, and the focus goes on there."""
        self.sign_in()
        self.press_until("nav-servers")
        self.page.keyboard.press("Enter")
        self.page.locator(".section-servers").wait_for()
        self.assertEqual(self.page.evaluate("document.activeElement.id"), "main")


@pytest.mark.lab
class WideDarkTests(BrowserCase):
    """What axe finds, and what does not fit."""

    def setUp(self) -> None:
        """Without axe there is nothing to ask."""
        if find_spec("axe_playwright_python") is None:
            raise SkipTest("needs axe-playwright-python (pip install 'lanrage[browser]')")
        super().setUp()

    def grave(self) -> list[str]:
        """What axe calls serious or worse."""
        from axe_playwright_python.sync_playwright import Axe

        self.page.locator(".toast").evaluate_all("notes => notes.forEach((note) => note.remove())")
        found: dict[str, Any] = Axe().run(self.page).response
        return [
            f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for rule in found["violations"]
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]

    def overflow(self) -> int:
        """Pixels that are wider than the window."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return max(0, wide)

    def test_axe(self) -> None:
        """No section, and neither the first screen nor a dialog, has a grave fault or needs sideways scrolling."""
        self.page.goto(self.where)
        self.found("gate").wait_for()
        self.assertEqual(self.grave(), [], "gate")
        self.sign_in()
        self.found("create-name").wait_for()
        self.assertEqual((self.grave(), self.overflow()), ([], 0), "first screen")
        self.create()
        self.found("invite").click()
        self.found("invite-qr").wait_for()
        for section in SECTIONS:
            self.visit(section)
            self.assertEqual((self.grave(), self.overflow()), ([], 0), section)
        self.visit("party")
        self.found("member-details").last.click()
        self.page.locator("dialog td").first.wait_for()
        self.assertEqual((self.grave(), self.overflow()), ([], 0), "dialog")

    def test_axe_cards(self) -> None:
        """Nor have the cards that are folded, a guest's form and configuration, and an invitation that waits."""
        self.sign_in()
        self.create()
        self.tell("offer")
        for name in ("exposure", "relays"):
            self.found(name).locator("summary").click()
            self.found(name).locator("li").first.wait_for()
        self.found("offer-dismiss").wait_for()
        self.assertEqual((self.grave(), self.overflow()), ([], 0), "cards")
        self.found("guest-add").click()
        self.found("guest-name").fill("phone")
        self.assertEqual((self.grave(), self.overflow()), ([], 0), "form")
        self.found("guest-go").click()
        self.found("guest-qr").wait_for()
        self.assertEqual((self.grave(), self.overflow()), ([], 0), "configuration")


class WideLightTests(WideDarkTests):
    """In the light."""

    dark = False


class NarrowDarkTests(WideDarkTests):
    """On a phone."""

    width, height = NARROW, 720


class NarrowLightTests(NarrowDarkTests):
    """On a phone in the light."""

    dark = False
