"""What the page works out without drawing: addresses, rates, holes, news, texts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.case import BrowserCase
from tests.browser.scenes import EVIL
from tests.fakes_node import LINK

MEMBER = {"identity": "bb", "name": "Ben", "me": False, "online": True, "role": "member", "path": "direct", "games": []}


@pytest.mark.lab
class PureTests(BrowserCase):
    """Functions of the page's modules, called in the browser."""

    def setUp(self) -> None:
        """A page of which the modules can be asked."""
        super().setUp()
        self.page.goto(self.where)

    def ask(self, module: str, function: str, *args: Any) -> Any:
        """What a function gives."""
        program = "([module, name, args]) => import(`/js/${module}.js`).then((found) => found[name](...args))"
        return self.page.evaluate(program, [module, function, list(args)])

    def test_token_and_join_in_an_address(self) -> None:
        """Code and link are read in either order, although the link has a ``#`` of its own; a section is neither."""
        wanted = {"login": "abc", "join": LINK, "section": ""}
        for hash_ in (f"#login=abc&join={LINK}", f"#join={LINK}&login=abc"):
            self.assertEqual(self.ask("session", "readHash", hash_), wanted)
        self.assertEqual(self.ask("session", "readHash", f"#join={LINK}"), {**wanted, "login": ""})
        self.assertEqual(self.ask("session", "readHash", "#/servers"), {"login": "", "join": "", "section": "servers"})

    def test_rates(self) -> None:
        """A counter becomes what it grew in a second; one that began anew grew from nothing, and no time is no rate."""
        sums = [(0, 100), (10, 300), (20, 50), (20, 60), (30, 60)]
        points = [{"at": at, "value": value} for at, value in sums]
        found = [(each["at"], each["value"]) for each in self.ask("series", "rates", points, 2)]
        self.assertEqual(found, [(10, 40), (20, 10), (30, 0)])

    def test_holes(self) -> None:
        """Where nothing was measured for long there is no line."""
        points = [{"at": at, "value": 1} for at in (0, 1, 2, 60, 61)]
        found = self.ask("series", "broken", points, 5)
        self.assertEqual([each["value"] for each in found], [1, 1, 1, None, 1, 1])
        self.assertEqual([each["at"] for each in found if each["value"] is None], [57.5])

    def test_news(self) -> None:
        """Who came, went, changed, plays and hosts is told once; what did not change is not."""
        cara = {**MEMBER, "identity": "cc", "name": "Cara"}
        game = {"game": "openttd", "name": "OpenTTD", "hosting": True}
        before = {"name": "Friday", "members": [MEMBER, cara]}
        after = {
            "name": "Saturday",
            "members": [{**MEMBER, "online": False, "games": [game]}, {**cara, "identity": "dd"}],
        }
        self.assertEqual(self.ask("events", "compare", before, before), [])
        told = [(each["name"], each["what"], each["more"]) for each in self.ask("events", "compare", before, after)]
        self.assertEqual(
            told,
            [
                ("Ben", "went offline", ""),
                ("Ben", "hosts", "OpenTTD"),
                ("Cara", "joined the party", ""),
                ("Cara", "left the party", ""),
                ("", "The party is now called", "Saturday"),
            ],
        )

    def test_xss_clean_texts(self) -> None:
        """What turns text around, hides it or piles up goes; letters of any script and joined emoji stay."""
        for text in ("Ünïcödé", "张伟", "שלום", "👩\u200d🚀", "a\nb\tc", EVIL[0]):
            self.assertEqual(self.ask("dom", "clean", text), text)
        self.assertEqual(self.ask("dom", "clean", "\u202eevil\u202c\u2066\u200b\x1b[31m\u0000"), "evil[31m")
        self.assertEqual(self.ask("dom", "clean", "Z" + "\u0300" * 60), "Z" + "\u0300" * 4)

    def test_xss_what_elements_refuse(self) -> None:
        """Handlers, styles and addresses that lead away cannot be set at all."""
        made = "try { dom.h('a', props); return 'made' } catch { return 'refused' }"
        program = f"(props) => import('/js/dom.js').then((dom) => {{ {made} }})"
        hooks = ({"onclick": "evil()"}, {"style": "color: red"})
        for props in (*hooks, {"href": "javascript:evil()"}, {"src": "//evil.example/x"}):
            self.assertEqual(self.page.evaluate(program, props), "refused", props)
        self.assertEqual(self.page.evaluate(program, {"href": "#/party"}), "made")
