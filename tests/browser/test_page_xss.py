"""What peers call themselves, their servers and games stays text, wherever it is shown."""

from __future__ import annotations

import pytest

from tests.browser.case import SECTIONS, BrowserCase
from tests.browser.scenes import EVIL

MADE = "main script, main img[src=x], main [onerror], main [onload], a[href^=java]"
"""What would be there, were a name taken for markup."""
TRICKS = "\u202e\u202c\u2066"


@pytest.mark.lab
class XssTests(BrowserCase):
    """With a party of the worst names."""

    scene = "hostile"

    def test_xss_names_stay_text(self) -> None:
        """No section makes an element of a name, runs it, or lets it turn the text around it."""
        self.sign_in()
        self.create(EVIL[0])
        self.assertEqual(self.found("party-title").inner_text(), EVIL[0])
        self.page.locator("main").filter(has_text=EVIL[1]).wait_for()
        self.found("far-links").locator("summary").click()
        self.found("far-link").filter(has_text=EVIL[3]).first.wait_for()
        for section in SECTIONS:
            self.visit(section)
            text = self.page.locator("body").inner_text()
            self.assertEqual([sign for sign in TRICKS if sign in text], [], section)
            self.assertEqual(self.page.locator(MADE).count(), 0, section)
        self.assertIsNone(self.page.evaluate("window.evil ?? null"))
        self.no_trouble()

    def test_xss_dialogs_and_notes(self) -> None:
        """Nor does a dialog, nor its title, nor a note; and a name that turns text around keeps that to itself."""
        self.sign_in()
        self.create()
        self.found("member-details").nth(1).click()
        self.page.locator("dialog td").filter(has_text=EVIL[1]).first.wait_for()
        self.assertEqual(self.page.locator("dialog h2").inner_text(), EVIL[0])
        self.assertEqual(self.page.locator("dialog img, dialog script").count(), 0)
        self.page.keyboard.press("Escape")
        turned = self.found("member-row").filter(has_text="neB").locator("bdi").first
        self.assertEqual(turned.inner_text(), "neBx")
        self.visit("servers")
        self.found("server-details").first.click()
        self.page.locator("dialog .facts").wait_for()
        self.page.keyboard.press("Escape")
        self.assertIsNone(self.page.evaluate("window.evil ?? null"))
        self.no_trouble()

    def test_xss_policy(self) -> None:
        """Were a text markup after all, the page's policy would not run it."""
        self.sign_in()
        self.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.evil=2\">')")
        self.page.wait_for_timeout(300)
        self.assertIsNone(self.page.evaluate("window.evil ?? null"))
