"""Links that a desktop hands over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.opened_link import read_link
from lanrage.errors import BadInput
from tests.core.test_discord_activity import code

CODE = code("play.example.org:7766")


class LinkTests(SynchronousTestCase):
    """Both ways to write one, and what is none."""

    def test_both(self) -> None:
        """They mean the same, whatever a desktop does to the scheme's letters and the end."""
        for text in (
            CODE.link(),
            f"lanrage://join/{CODE.encode()}",
            f"LANRAGE://join/{CODE.encode()}/",
            f" {CODE.link()}\n",
        ):
            self.assertEqual(read_link(text), CODE)

    def test_refused(self) -> None:
        """A bare code, another scheme, another server than the code's, what a shell or a terminal would obey."""
        other = CODE.link().replace("play.example.org", "evil.example.org")
        for text in (CODE.encode(), f"https://x/join#{CODE.encode()}", other, "lanrage://join/", "lanrage://;reboot"):
            with self.assertRaises(BadInput) as caught:
                read_link(text)
            self.assertEqual(caught.exception.field, "link")
        self.assertRaises(BadInput, read_link, CODE.link() + "\x1b[2J")
        self.assertRaises(BadInput, read_link, f"lanrage://join/{'x' * 5000}")

    @given(st.text(max_size=60) | st.text(max_size=60).map(lambda text: f"lanrage://{text}"))
    def test_any(self, text: str) -> None:
        """Any text is an invitation, or is refused with the field's name."""
        try:
            read_link(text)
        except BadInput as error:
            self.assertEqual(error.field, "link")
