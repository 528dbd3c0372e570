"""Guests on the page, and what members reach of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.case import BrowserCase
from tests.browser.scene_guests import CONFIG, TAKEN
from tests.fakes_node import LINK


@pytest.mark.lab
class GuestTests(BrowserCase):
    """From a name to a configuration, and out again."""

    def add(self, name: str, *, via: str = "") -> None:
        """Fill in the form and send it."""
        self.found("guest-add").click()
        self.found("guest-name").fill(name)
        if via:
            self.found("guest-via").select_option(label=via)
        self.found("guest-go").click()

    def test_add_and_remove(self) -> None:
        """The configuration is shown, as a code and as a file, once; the guest is listed, and goes after a question."""
        self.sign_in()
        self.create()
        self.found("guests").filter(has_text="stock WireGuard app").wait_for()
        self.add("phone")
        self.assertEqual(self.found("guest-config").inner_text().strip(), CONFIG.strip())
        self.found("guest-qr").wait_for()
        self.assertGreater(self.found("guest-qr").evaluate("image => image.naturalWidth"), 0)
        self.page.locator("dialog").filter(has_text="router lets strangers in").wait_for()
        with self.page.expect_download() as waiting:
            self.found("guest-download").click()
        self.assertEqual(waiting.value.suggested_filename, "phone.conf")
        self.assertEqual(Path(waiting.value.path()).read_text(encoding="utf-8"), CONFIG)
        blob = self.found("guest-download").get_attribute("href")
        self.found("guest-done").click()
        self.page.locator("dialog").wait_for(state="detached")
        self.assertNotIn("PrivateKey", self.page.content())
        kept = "JSON.stringify([{...sessionStorage}, {...localStorage}])"
        self.assertNotIn("PrivateKey", self.page.evaluate(kept))
        self.trouble.clear()
        self.assertEqual(self.page.evaluate("url => fetch(url).then(() => 'kept', () => 'gone')", blob), "gone")
        self.trouble.clear()
        row = self.found("guest-row").filter(has_text="phone")
        row.filter(has_text="by way of Ann").wait_for()
        self.assertIn("here", row.inner_text())
        row.locator("[data-test=guest-remove]").click()
        self.found("confirm-go").click()
        row.wait_for(state="detached")
        self.found("guests").filter(has_text="No guests").wait_for()
        self.no_trouble()

    def test_by_another_member(self) -> None:
        """Another member can serve it, which is then the only one to know whether it is here."""
        self.sign_in()
        self.create()
        self.add("deck", via="Ben")
        self.found("guest-config").wait_for()
        self.found("guest-done").click()
        row = self.found("guest-row")
        row.filter(has_text="by way of Ben").wait_for()
        self.assertIn("its member alone sees it", row.inner_text())

    def test_refused(self) -> None:
        """What was refused is told in words, with what was typed still there; a wrong field beside it."""
        self.sign_in()
        self.create()
        self.add(TAKEN)
        box = self.page.locator("dialog [data-test=error-box]")
        box.filter(has_text="Choose another name").wait_for()
        self.assertEqual(self.found("guest-name").input_value(), TAKEN)
        self.found("guest-name").fill("phone")
        self.found("guest-address").fill("nowhere")
        self.found("guest-go").click()
        self.page.locator("[data-test=guest-address][aria-invalid=true]").wait_for()
        self.assertEqual(self.found("guest-config").count(), 0)

    def test_click_beside(self) -> None:
        """A click beside the window does not lose a configuration that cannot be shown again; Esc closes it."""
        self.sign_in()
        self.create()
        self.add("phone")
        self.found("guest-config").wait_for()
        self.page.mouse.click(4, 4)
        self.page.wait_for_timeout(200)
        self.assertTrue(self.found("guest-config").is_visible())
        self.page.keyboard.press("Escape")
        self.page.locator("dialog").wait_for(state="detached")

    def test_member(self) -> None:
        """A plain member sees guests where there are some, and can neither add nor remove them."""
        self.sign_in(f"&join={LINK}")
        self.found("join-member").fill("Ben")
        self.found("join-go").click()
        self.found("party-title").wait_for()
        self.page.wait_for_timeout(600)
        self.assertFalse(self.found("guests").is_visible())
        self.tell("deck")
        self.found("guest-row").filter(has_text="deck").wait_for()
        self.assertFalse(self.found("guest-add").is_visible())
        self.assertFalse(self.found("guest-remove").is_visible())
        self.no_trouble()

    def test_xss_file_name(self) -> None:
        """A file's name is one that WireGuard takes for a tunnel, whatever the guest is called."""
        self.page.goto(self.where)
        program = "(name) => import('/js/guest_dialog.js').then((found) => found.fileName(name))"
        names = {
            "phone": "phone.conf",
            "../../etc/passwd": "etc-passwd.conf",
            "Björns Telefon": "Bjorns-Telefon.conf",
            "张伟": "lanrage.conf",
            "a" * 32: "a" * 15 + ".conf",
        }
        self.assertEqual({name: self.page.evaluate(program, name) for name in names}, names)


@pytest.mark.lab
class MachineTests(BrowserCase):
    """Two cards that are folded."""

    def test_exposure_and_relays(self) -> None:
        """Folded until they are opened; then services with their verdicts, and relays with who takes which."""
        self.sign_in()
        self.create()
        cards = {"exposure": ("25565/tcp", "PostgreSQL"), "relays": ("203.0.113.9", "nearest for both")}
        for name, words in cards.items():
            card = self.found(name)
            self.assertFalse(card.locator("li").first.is_visible())
            card.locator("summary").first.click()
            for word in words:
                card.filter(has_text=word).wait_for()
        self.assertIn("7 packets were refused", self.found("exposure").inner_text())
        self.no_trouble()
