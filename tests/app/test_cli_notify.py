"""``lanrage notify``, and what a process gives it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.caller import Caller
from lanrage.app.machine_room import MachineRoom
from lanrage.app.metering import Metering
from lanrage.app.metering_config import MeteringSettings
from lanrage.app.operations import perform
from lanrage.app.settings_live import steer_notices
from lanrage.app.settings_start import Start
from lanrage.core.notice_queue import WINDOW
from lanrage.core.notice_targets import Target, TargetKind
from lanrage.core.notices import NoticeKind
from lanrage.core.setting import CONTROL, HIDDEN
from lanrage.errors import BadInput, MissingRight, Refused
from tests.app.node_world import NodeCase
from tests.app.test_cli import CommandCase
from tests.fakes_targets import URL, FakeAgent
from tests.strategies_notices import URLS


class CommandTests(CommandCase):
    """With a node in memory."""

    def test_test(self) -> None:
        """A line for each, with what it says."""
        lines = self.done("notify", "test").splitlines()
        self.assertEqual(
            [
                "1: discord at discord.com took the test",
                "2: ntfy at ntfy.example.org:8443 did not take the test: HTTP 404",
            ],
            lines,
        )
        self.assertEqual(1, len(self.done("notify", "test", "2").splitlines()))

    def test_tables(self) -> None:
        """Who is told of what, and how they do."""
        self.assertIn("joined, left", self.done("notify", "list"))
        status = self.done("notify", "status")
        for words in ("discord at discord.com", "refused", "HTTP 404"):
            self.assertIn(words, status)

    def test_nobody(self) -> None:
        """Where nobody is told, how to name somebody."""
        self.node.nobody = True
        for command in ("test", "list", "status"):
            self.assertIn("lanrage settings set notify.targets", self.done("notify", command))

    def test_json(self) -> None:
        """The same for programs."""
        kinds = [each["kind"] for each in json.loads(self.done("notify", "list", "--json"))["targets"]]
        states = [each["state"] for each in json.loads(self.done("notify", "status", "--json"))["targets"]]
        taken = [each["taken"] for each in json.loads(self.done("notify", "test", "--json"))["targets"]]
        self.assertEqual((["discord", "ntfy"], ["idle", "refused"], [True, False]), (kinds, states, taken))


class ProcessTests(SynchronousTestCase):
    """A process that measures itself."""

    def setUp(self) -> None:
        """A control server's, with two targets."""
        self.clock, self.agent = Clock(), FakeAgent()
        targets = (Target(TargetKind.NTFY, URLS[TargetKind.NTFY], frozenset({NoticeKind.LEFT})),)
        settings = MeteringSettings(webhook=URL, targets=targets)
        self.room = MachineRoom(self.clock, Start.plain(self.folder(), CONTROL))
        self.room.metering = self.metering = Metering(self.clock, settings, {}, agent=self.agent)
        self.metering.startService()
        self.addCleanup(lambda: self.successResultOf(self.metering.stopService()))

    def folder(self) -> Path:
        """Where nothing is written."""
        return Path(self.mktemp())

    def ask(self, op: str, **args: Any) -> Any:
        """The result of an operation."""
        asking = Deferred.fromCoroutine(perform(self.room, op, args))
        self.clock.advance(WINDOW)
        return self.successResultOf(asking)["targets"]

    def test_operations(self) -> None:
        """What is shown holds no secret, and a test is a real one."""
        self.agent.answers = [(204, {}), (403, {})]
        shown, tested, states = (self.ask(f"notify.{name}") for name in ("list", "test", "status"))
        self.assertEqual(["discord", "ntfy"], [each["kind"] for each in shown])
        self.assertEqual(["alert", "game"], shown[0]["events"])
        self.assertEqual(
            [(1, True, ""), (2, False, "HTTP 403")], [(t["number"], t["taken"], t["trouble"]) for t in tested]
        )
        self.assertEqual([("idle", 1, 0), ("refused", 0, 1)], [(s["state"], s["posts"], s["dropped"]) for s in states])
        self.assertNotIn("s3cret", str((shown, tested, states)))
        failure = self.failureResultOf(Deferred.fromCoroutine(perform(self.room, "notify.test", {"target": 3})))
        self.assertEqual("target", failure.trap(BadInput) and failure.value.field)

    def test_not_metered(self) -> None:
        """A process that tells nobody says so."""
        self.room.metering = None
        self.failureResultOf(Deferred.fromCoroutine(perform(self.room, "notify.list", {})), Refused)


class LiveTests(NodeCase):
    """The settings of a node."""

    def test_live(self) -> Deferred[None]:
        """Other targets count at once, and are shown to nobody; a wrong one changes nothing."""

        async def life() -> None:
            anna = await self.player("anna", 1)
            node, agent = anna.node, FakeAgent()
            node.metering = metering = Metering(Clock(), MeteringSettings(), {}, agent=agent)
            steer_notices(node.settings, metering.notices)
            metering.notices.open()
            text = f"ntfy[left]={URLS[TargetKind.NTFY]} json=http://127.0.0.1:1/s3cret"
            changed = await perform(node, "settings.set", {"values": {"notify.targets": text}})
            kinds = [each["kind"] for each in (await perform(node, "notify.list", {}))["targets"]]
            self.assertEqual(["ntfy", "json"], kinds)
            shown = await perform(node, "settings.show", {"name": "notify.targets"})
            self.assertNotIn("s3cret", str((changed, shown)))
            self.assertIn(HIDDEN, str(shown))
            for wrong in (
                {"notify.targets": "json=ftp://s3cret"},
                {"notify.targets": f"matrix={URLS[TargetKind.MATRIX]}"},
            ):
                with self.assertRaises(BadInput) as caught:
                    await perform(node, "settings.set", {"values": wrong})
                self.assertNotIn("s3cret", str(caught.exception))
            self.assertEqual(2, len(metering.notices.outlets))
            await metering.notices.close()

        return self.run_async(life())

    def test_who_may(self) -> Deferred[None]:
        """Whoever may only play here does not send what the process alone can read to whom he likes."""

        async def life() -> None:
            anna = await self.player("anna", 1)
            player = Caller(os.geteuid() + 1, lambda: None)
            for name, text in (
                ("notify.targets", "json=https://example.org/"),
                ("notify.ntfy_token", "@/etc/shadow"),
                ("notify.matrix_token", "@/etc/shadow"),
            ):
                with self.assertRaises(MissingRight):
                    await perform(anna.node, "settings.set", {"values": {name: text}}, caller=player)
            await perform(anna.node, "settings.set", {"values": {"discord.join": "on"}}, caller=player)

        return self.run_async(life())
