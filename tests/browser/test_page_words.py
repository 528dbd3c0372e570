"""What waits for the user's word, modifications, who is told, and numbers with their words."""

from __future__ import annotations

import pytest

from tests.browser.case import BrowserCase
from tests.fakes_offers import LINK


@pytest.mark.lab
class OfferTests(BrowserCase):
    """An invitation that was taken elsewhere."""

    def test_join(self) -> None:
        """Nothing is joined by itself; Join puts the invitation into the field, and one more click joins."""
        self.tell("offer")
        self.sign_in()
        self.found("offers").filter(has_text="play.example.org:7766").wait_for()
        self.found("offer-join").click()
        self.assertEqual(self.found("join-code").input_value(), LINK)
        self.assertEqual(self.page.evaluate("document.activeElement.dataset.test"), "join-member")
        self.assertEqual(self.found("offer-join").count(), 0)
        self.found("join-member").fill("Ann")
        self.found("join-go").click()
        self.found("party-title").wait_for()
        self.no_trouble()

    def test_join_from_another_section(self) -> None:
        """The way leads to the first screen from wherever one is."""
        self.sign_in()
        self.visit("settings")
        self.tell("offer")
        self.found("offer-join").click()
        self.found("join-code").wait_for()
        self.assertEqual(self.found("join-code").input_value(), LINK)

    def test_dismiss(self) -> None:
        """What was dismissed comes again only when it is taken anew; in a party it cannot be joined."""
        self.tell("offer")
        self.sign_in()
        self.create()
        self.found("offers").filter(has_text="Leave the party").wait_for()
        self.assertFalse(self.found("offer-join").is_visible())
        self.found("offer-dismiss").click()
        self.page.reload()
        self.found("party-title").wait_for()
        self.page.wait_for_timeout(800)
        self.assertEqual(self.found("offer-dismiss").count(), 0)
        self.tell("offer")
        self.found("offer-dismiss").wait_for()
        self.no_trouble()


@pytest.mark.lab
class ModsTests(BrowserCase):
    """Modifications of games."""

    def test_start_anyway(self) -> None:
        """A game that was not started says what differs, and is started by who wants it all the same."""
        self.sign_in()
        self.create()
        self.tell("mods")
        self.visit("servers")
        self.found("server-row").first.locator("[data-test=server-play]").click()
        mods = self.found("mods")
        mods.wait_for()
        for word in ("Ben", "a.jar", "b.jar", "c.jar"):
            self.assertIn(word, mods.inner_text())
        self.found("server-anyway").click()
        self.page.locator(".toast").filter(has_text="The game starts").wait_for()
        self.page.locator("dialog").wait_for(state="detached")
        self.no_trouble()

    def test_compare(self) -> None:
        """Each member's list beside ours, long ones folded."""
        self.sign_in()
        self.create()
        self.visit("games")
        self.found("game-row").locator("[data-test=game-mods]").click()
        self.found("mods").first.wait_for()
        self.assertEqual(self.found("mods").count(), 5)
        self.assertIn("17 more", self.found("mods").first.inner_text())
        self.page.locator("dialog").filter(has_text="1 modification on this computer").wait_for()
        self.no_trouble()


@pytest.mark.lab
class NotifyTests(BrowserCase):
    """Who is told."""

    def test_targets(self) -> None:
        """Each with what it is told of and how that goes; a test says who took it."""
        self.sign_in()
        self.visit("settings")
        self.assertEqual(self.found("notify-row").count(), 2)
        second = self.found("notify-row").last
        for word in ("ntfy.example.org:8443", "refuses", "who joins", "4 tries failed", "HTTP 404"):
            self.assertIn(word, second.inner_text())
        self.assertIn("1 try failed", self.found("notify-row").first.inner_text())
        self.found("notify-test").click()
        self.found("notify-said").filter(has_text="did not take it").wait_for()
        self.assertEqual(self.found("notify-said").count(), 2)
        self.found("notify-row").first.locator("button").click()
        self.page.locator(".toast").filter(has_text="All took the test").wait_for()
        self.assertEqual(self.found("notify-said").count(), 1)
        self.no_trouble()


@pytest.mark.lab
class CountTests(BrowserCase):
    """One and many, and panels that do not jump."""

    def test_one_and_many(self) -> None:
        """One is one, none and two are many."""
        self.page.goto(self.where)
        program = "(count) => import('/js/format.js').then((found) => found.many(count, ['member', 'members']))"
        found = [self.page.evaluate(program, count) for count in (0, 1, 2)]
        self.assertEqual(found, ["0 members", "1 member", "2 members"])

    def test_panels_do_not_jump(self) -> None:
        """A panel without data is as tall as one with it, as curves, as numbers and without plotly."""
        self.sign_in()
        self.create()
        self.visit("stats")
        self.found("plot-rtt").locator(".main-svg").first.wait_for()
        self.assertEqual(len(self.heights()), 1)
        self.found("stats-numbers").click()
        self.found("plot-rtt").locator("tbody th").first.wait_for()
        self.assertEqual(len(self.heights()), 1)

    def heights(self) -> set[int]:
        """Of all panels, of which some have data and some have none."""
        cards = self.page.locator(".plot-card")
        self.assertGreater(self.page.locator(".plot-card[data-empty]").count(), 0)
        self.assertGreater(self.page.locator(".plot-card:not([data-empty])").count(), 0)
        return {round(box["height"]) for box in (each.bounding_box() for each in cards.all()) if box is not None}
