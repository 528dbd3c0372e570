"""The page in a real browser: signing in, a party from nothing, all sections, a node that goes away."""

from __future__ import annotations

import pytest

from tests.browser.case import SECTIONS, BrowserCase
from tests.browser.scenes import FULL
from tests.fakes_node import CODE, LINK, SPOKEN


@pytest.mark.lab
class SignInTests(BrowserCase):
    """Who may see what."""

    def test_token_without(self) -> None:
        """Who has no token is told the command that gives one, and sees nothing else."""
        self.page.goto(self.where)
        self.assertIn("lanrage web", self.found("gate").inner_text())
        self.assertEqual(self.page.locator("nav").count(), 0)
        self.no_trouble()

    def test_token_leaves_no_trace(self) -> None:
        """The code is gone from the address and the history at once; a reload stays signed in, by this tab alone."""
        self.sign_in()
        self.assertEqual(self.page.evaluate("location.href"), self.where)
        self.page.reload()
        self.found("create-name").wait_for()
        kept = self.page.evaluate("[document.cookie, JSON.stringify(localStorage)]")
        self.assertEqual(kept, ["", "{}"])
        other = self.page.context.new_page()
        other.goto(self.where)
        other.locator("[data-test=gate]").wait_for()
        self.no_trouble()

    def test_token_code_counts_once(self) -> None:
        """A code that was used opens nothing, and the page says what to do."""
        self.sign_in()
        used = self.open_page()
        used.goto(self.where + "#login=0000")
        used.locator("[data-test=gate]").filter(has_text="lanrage web").wait_for()
        self.assertEqual(used.evaluate("location.href"), self.where)

    def test_join_link_survives(self) -> None:
        """An invitation that came with the code, or before it, is in the field; the address has neither any more."""
        self.sign_in(f"&join={LINK}")
        self.assertEqual(self.found("join-code").input_value(), LINK)
        self.assertEqual(self.page.evaluate("location.href"), self.where)
        early = self.open_page()
        early.goto(f"{self.where}#join={LINK}")
        early.locator("[data-test=gate]").wait_for()
        self.sign_in(page=early)
        self.assertEqual(early.locator("[data-test=join-code]").input_value(), LINK)


@pytest.mark.lab
class PartyTests(BrowserCase):
    """From nothing to a party."""

    def test_create(self) -> None:
        """A party by two names; then its invitation in every form, and who is in it."""
        self.sign_in()
        self.create("Friday night")
        self.assertEqual(self.found("party-title").inner_text(), "Friday night")
        self.assertEqual(self.found("member-row").count(), 2)
        self.assertIn("Direct", self.found("member-row").filter(has_text="Ben").inner_text())
        self.found("invite").click()
        self.assertEqual(self.found("invite-link").inner_text(), LINK)
        self.assertEqual(self.found("invite-code").text_content(), CODE)
        self.found("invite-qr").wait_for()
        self.assertGreater(self.found("invite-qr").evaluate("image => image.naturalWidth"), 0)
        self.found("invite-spoken").click()
        self.assertEqual(self.found("spoken-code").inner_text(), SPOKEN)
        self.no_trouble()

    def test_join(self) -> None:
        """Each stage is shown while it takes place; at the end stands the party."""
        self.sign_in(f"&join={LINK}")
        self.found("join-member").fill("Ben")
        self.found("join-go").click()
        stages = self.found("stages")
        stages.locator("li[data-state=done]").filter(has_text="Reading the invitation").wait_for()
        self.assertIn("Joining", stages.locator("li[data-state=now]").inner_text())
        self.found("party-title").wait_for()
        self.assertEqual(self.found("party-title").inner_text(), "Friday")
        self.assertEqual(self.found("invite").count(), 0)
        self.page.reload()
        self.found("party-title").wait_for()
        self.no_trouble()

    def test_stop(self) -> None:
        """What is under way can be stopped; the form is there again, and no party was entered."""
        self.sign_in(f"&join={LINK}")
        self.found("join-member").fill("Ben")
        self.found("join-go").click()
        self.found("stages").locator("button").click()
        self.found("join-code").wait_for()
        self.assertEqual(self.found("join-code").input_value(), LINK)
        self.page.wait_for_timeout(1500)
        self.assertEqual(self.found("party-title").count(), 0)
        self.no_trouble()

    def test_invitations_are_asked_for(self) -> None:
        """Opening the page makes no invitation: only who asks for one gets one."""
        self.sign_in()
        self.create()
        self.page.reload()
        self.found("party-title").wait_for()
        self.page.wait_for_timeout(500)
        self.assertFalse(self.page.locator("section.invite").is_visible())

    def test_refused(self) -> None:
        """A refusal says what happened and what to do; the form is there again with what was typed."""
        self.sign_in()
        self.found("join-code").fill(FULL)
        self.found("join-member").fill("Ben")
        self.found("join-go").click()
        box = self.found("error-box")
        box.wait_for()
        self.assertIn("as many members as it allows", box.inner_text())
        self.assertIn("Somebody has to leave first", box.inner_text())
        self.assertEqual(self.found("join-code").input_value(), FULL)

    def test_wrong_field(self) -> None:
        """What breaks a rule is said beside its field, which has the focus."""
        self.sign_in()
        self.found("create-name").fill("Friday")
        self.found("create-member").fill("Ann")
        self.page.locator(".choice-create summary").click()
        self.found("create-server").fill("no port")
        self.found("create-go").click()
        wrong = self.page.locator("[data-test=create-server][aria-invalid=true]")
        wrong.wait_for()
        self.assertEqual(self.page.evaluate("document.activeElement.dataset.test"), "create-server")
        said = self.page.locator(".field", has=self.found("create-server")).inner_text()
        self.assertIn("HOST:PORT", said)

    def test_leave(self) -> None:
        """Leaving is asked for once more; afterwards stands the first screen."""
        self.sign_in()
        self.create()
        self.found("leave").click()
        self.page.keyboard.press("Escape")
        self.page.locator("dialog").wait_for(state="detached")
        self.assertEqual(self.found("party-title").count(), 1)
        self.assertEqual(self.page.evaluate("document.activeElement.dataset.test"), "leave")
        self.found("leave").click()
        self.found("confirm-go").click()
        self.found("create-name").wait_for()
        self.no_trouble()

    def test_rows_stay(self) -> None:
        """Live numbers change in place: the row and its focus are the same a few seconds later."""
        self.sign_in()
        self.create()
        self.found("member-details").last.focus()
        self.page.evaluate("window.kept = document.activeElement")
        self.page.wait_for_timeout(2500)
        self.assertTrue(self.page.evaluate("window.kept.isConnected && document.activeElement === window.kept"))


@pytest.mark.lab
class SectionTests(BrowserCase):
    """All sections."""

    def test_each(self) -> None:
        """Every section shows what the node has, without a word of trouble."""
        self.sign_in()
        self.create()
        wanted = {
            "party": "Ben",
            "servers": "Friday Arena",
            "games": "OpenTTD",
            "stats": "Ping",
            "settings": "lan.exposure",
            "logs": "party Friday is entered",
            "doctor": "in order",
        }
        for section in SECTIONS:
            self.visit(section)
            self.page.locator("main").filter(has_text=wanted[section]).wait_for()
            self.assertEqual(self.page.locator("h1").count(), 1, section)
            self.assertEqual(self.found(f"nav-{section}").get_attribute("aria-current"), "page")
        self.no_trouble()

    def test_without_a_party(self) -> None:
        """Every section says what it is for and what to do next."""
        self.sign_in()
        for section in SECTIONS:
            self.visit(section)
            self.assertGreater(len(self.page.locator("main").inner_text()), 40, section)
            self.assertEqual(self.found("error-box").count(), 0, section)
        self.no_trouble()

    def test_servers(self) -> None:
        """Searching, a favourite, and how to join what cannot be started."""
        self.sign_in()
        self.create()
        self.visit("servers")
        self.assertEqual(self.found("server-row").count(), 2)
        star = self.found("server-row").first.locator("button[aria-pressed]")
        self.assertEqual(star.get_attribute("aria-pressed"), "true")
        self.found("server-row").first.locator("[data-test=server-details]").click()
        self.page.locator("dialog").filter(has_text="10.66.0.2:27960").wait_for()
        self.page.keyboard.press("Escape")
        self.found("server-row").first.locator("[data-test=server-play]").click()
        self.page.locator(".toast").filter(has_text="The game starts").wait_for()

    def test_curves_or_numbers(self) -> None:
        """With plotly there are curves, and numbers on demand; without it numbers, and how to get curves."""
        self.sign_in()
        self.create()
        self.visit("stats")
        self.found("plot-rtt").locator(".main-svg").first.wait_for()
        self.found("stats-numbers").click()
        self.found("plot-rtt").locator("tbody th").filter(has_text="Ben").wait_for()
        self.page.route("**/vendor/plotly.min.js", lambda route: route.abort())
        self.page.reload()
        self.page.locator("main").filter(has_text="lanrage[web]").wait_for()
        self.found("plot-rtt").locator("tbody th").filter(has_text="Ben").wait_for()
        self.assertFalse(self.found("stats-numbers").is_visible())

    def test_settings(self) -> None:
        """A choice is a list, a change is saved and shown as such, a wrong one is told beside its field."""
        self.sign_in()
        self.visit("settings")
        exposure = self.page.locator("[data-name='lan.exposure']")
        exposure.locator("select").select_option("games")
        self.found("settings-save").click()
        exposure.locator(".badge").filter(has_text="changed").wait_for()
        port = self.page.locator("[data-name='links.port']")
        port.locator("input").fill("many")
        self.found("settings-save").click()
        port.locator(".field-wrong").filter(has_text="65535").wait_for()


@pytest.mark.lab
class AwayTests(BrowserCase):
    """A node that ends."""

    def tearDown(self) -> None:
        """The next test has a node, too."""
        super().tearDown()
        if self.process.poll() is not None:
            type(self).process = self._start()
            type(self).where = self._line()

    def test_node_away(self) -> None:
        """What was seen stays, under a banner that says so and offers to try at once."""
        self.sign_in()
        self.create()
        self._stop()
        self.found("banner").filter(has_text="No connection").wait_for()
        self.assertTrue(self.found("party-title").is_visible())
        self.assertEqual(self.found("banner").locator("button").count(), 1)

    def test_token_of_before_a_restart(self) -> None:
        """A node that was started anew knows no sessions of before: the page says so, and which command signs in."""
        self.sign_in()
        self.create()
        port = self.where.rstrip("/").rpartition(":")[2]
        self._stop()
        self.found("banner").filter(has_text="No connection").wait_for()
        type(self).process = self._start(port)
        self.assertEqual(self._line(), self.where)
        self.found("gate").filter(has_text="lanrage web").wait_for()
        self.sign_in()
        self.found("create-name").wait_for()
