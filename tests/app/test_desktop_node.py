"""Two nodes' desktops: a ready check over the party channel, who lags, parties of late, notifications."""

from __future__ import annotations

from typing import Any

from lanrage.app.caller import Caller
from lanrage.app.desktop_results import LagsShown
from lanrage.app.operations import perform
from lanrage.core.game_orders import ShowNote, decode_order
from lanrage.errors import Refused
from tests.app.node_world import PartyCase

USER = 1000


class DesktopTests(PartyCase):
    """Anna is host, Bert joined."""

    async def test_ready(self) -> None:
        """Anna asks, Bert's user is notified and answers, both show it; who is no host may not ask."""
        anna, bert, _, _ = await self.party()
        orders: list[str] = []
        caller = Caller(USER, lambda: None)
        bert.node.desktop.startService()
        bert.node.news.startService()
        self.addCleanup(bert.node.desktop.stopService)
        self.addCleanup(bert.node.news.stopService)
        self.addCleanup(caller.lost)
        bert.node.games.agents.attend(caller, orders.append, "").addErrback(lambda _: None)
        with self.assertRaises(Refused) as caught:
            await bert.node.ready_check()
        self.assertEqual(caught.exception.code, "not_allowed")
        await anna.node.ready_check()

        async def asked() -> bool:
            return (await bert.node.show_party())["ready"] is not None

        await self.until(asked)
        await perform(bert.node, "party.ready", {})

        async def ready() -> bool:
            shown = [(await each.node.show_party())["ready"] for each in (anna, bert)]
            return all(each["outcome"] == "ready" for each in shown)

        await self.until(ready)
        shown = (await anna.node.show_party())["ready"]
        said = [{"name": name, "said": "ready"} for name in ("anna", "bert")]
        self.assertEqual((shown["asker"], shown["members"]), ("anna", said))

        async def told() -> bool:
            return bool(orders)

        await self.until(told)
        note: Any = decode_order(orders[0])
        self.assertIsInstance(note, ShowNote)
        self.assertIn("anna asks who is ready", note.text)

    async def test_who_lags(self) -> None:
        """With a third member all tell how their paths are: nobody lags in memory, and each pair is in the table."""
        anna, bert, created, _ = await self.party()
        carl = await self.player("carl", 3)
        await carl.join(created["code"])
        await self.until_paths(anna, bert, carl)

        async def told() -> bool:
            shown = [await each.node.paths() for each in (anna, bert, carl)]
            return all(len(each["between"]) == 3 and all(pair["grade"] for pair in each["between"]) for each in shown)

        await self.until(told)
        (pair,) = (each for each in (await anna.node.paths())["between"] if "anna" not in (each["a"], each["b"]))
        self.assertEqual((pair["a"], pair["b"], pair["path"]), ("bert", "carl", "direct"))
        self.assertIn(pair["by"], ("bert", "carl"))
        self.assertLess(abs(pair["told_at"] - anna.node._now()), 60.0)
        lags = await anna.node.show_lags()
        self.assertEqual((lags["who"], lags["view"], lags["headline"]), ("", "party", "Nobody lags."))
        self.assertEqual({each["name"] for each in lags["members"]}, {"anna", "bert", "carl"})
        clocks = {each["name"]: each["clock_offset_s"] for each in (await anna.node.diagnose())["members"]}
        self.assertEqual(set(clocks), {"bert", "carl"})
        self.assertEqual([name for name, each in clocks.items() if each is None or abs(each) > 5.0], [])

    async def test_lags_and_recent(self) -> None:
        """Nobody lags in memory; each remembers the other, without a secret."""
        anna, bert, created, _ = await self.party()
        lags = await anna.node.show_lags()
        self.assertEqual((lags["who"], [each["name"] for each in lags["members"]]), ("", ["bert"]))
        self.assertEqual(set(lags), set(LagsShown.__struct_fields__))
        bert.node.recent.startService()

        async def remembered() -> bool:
            return (bert.folder / "state" / "recent.json").exists()

        await self.until(remembered)
        (party,) = (await bert.node.recent_parties())["parties"]
        found = {name: party[name] for name in ("name", "me", "members", "now")}
        self.assertEqual(found, {"name": "LAN on Friday", "me": "bert", "members": ["anna"], "now": True})
        await bert.node.recent.stopService()
        text = (bert.folder / "state" / "recent.json").read_text()
        self.assertIn("anna", text)
        self.assertNotIn(created["code"], text)
