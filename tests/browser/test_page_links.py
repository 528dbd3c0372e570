"""The links between the other members: thin lines of the map, and a table of the same."""

from __future__ import annotations

import pytest

from tests.browser.case import BrowserCase


@pytest.mark.lab
class FarLinkTests(BrowserCase):
    """Ann with Ben, Cleo and Dora; Ben tells how his paths to the two others are."""

    scene = "crowd"

    def test_links_between_others(self) -> None:
        """Each pair of others that somebody told of is a line and a row; those of this computer are not among them."""
        self.sign_in()
        self.create()
        far = self.found("far-links")
        far.locator("summary").filter(has_text="2 links between the others").click()
        rows = self.found("far-link").all_inner_texts()
        self.assertEqual(
            [row.split("\t") for row in rows],
            [
                ["Ben and Cleo", "Direct", "212 ms", "17 F"],
                ["Ben and Dora", "Direct", "\u2014", "\u2014"],
            ],
        )
        tones = self.page.locator("path.map-far-line").evaluate_all("lines => lines.map(each => each.dataset.tone)")
        self.assertEqual(tones, ["bad", "none"])
        self.assertEqual(self.page.locator("g.map-lines > g").count(), 3)
        self.no_trouble()
