"""What the doctor asks others: sizes of packets, names, the control server; a node's own report."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.doctor_node import disk_facts
from lanrage.app.doctor_probes import RELAY_STEP, TRIES, carried_sizes, name_error, relay_answers
from lanrage.errors import BadInput, MissingRight
from tests.app.node_world import PartyCase
from tests.fakes_doctor import MemoryEcho

reactor: Any = _reactor


class SizeTests(SynchronousTestCase):
    """:func:`carried_sizes`."""

    def sizes(self, echo: MemoryEcho, addresses: Iterable[str]) -> dict[str, int | None]:
        """What is found."""
        found: dict[str, int | None] = self.successResultOf(
            Deferred.fromCoroutine(carried_sizes(echo, addresses, 1280))
        )
        return found

    def test_three_members(self) -> None:
        """One whose way is sound, one with a small MTU between, one that answers nothing."""
        echo = MemoryEcho({"10.66.0.2": 1500, "10.66.0.3": 1240})
        found = self.sizes(echo, ["10.66.0.2", "10.66.0.3", "10.66.0.4"])
        self.assertEqual((found["10.66.0.2"], found["10.66.0.4"]), (1280, None))
        self.assertTrue(1240 - 32 <= (found["10.66.0.3"] or 0) <= 1240)
        self.assertEqual(1, sum(address == "10.66.0.2" for address, _ in echo.asked))

    def test_loss(self) -> None:
        """A packet that is lost is sent again, before its size is taken for too large."""
        echo = MemoryEcho({"10.66.0.2": 1500}, lost=TRIES - 1)
        self.assertEqual({"10.66.0.2": 1280}, self.sizes(echo, ["10.66.0.2"]))

    def test_no_right(self) -> None:
        """Nothing is known then."""
        echo = MemoryEcho({"10.66.0.2": 1500}, error=MissingRight("no"))
        self.assertEqual({"10.66.0.2": None}, self.sizes(echo, ["10.66.0.2"]))


class RelayTests(SynchronousTestCase):
    """:func:`relay_answers`."""

    def test_waits_for_all(self) -> None:
        """It is over when the last one has answered; one that was not asked is not waited for."""
        clock, answers = Clock(), {"a": False, "b": None}
        found = Deferred.fromCoroutine(relay_answers(lambda: dict(answers), clock))
        clock.advance(RELAY_STEP)
        self.assertNoResult(found)
        answers["a"] = True
        clock.advance(RELAY_STEP)
        self.assertEqual({"a": True, "b": None}, self.successResultOf(found))

    def test_gives_up(self) -> None:
        """After a while a silent one is silent."""
        clock = Clock()
        found = Deferred.fromCoroutine(relay_answers(lambda: {"a": False}, clock))
        clock.pump([RELAY_STEP] * 25)
        self.assertEqual({"a": False}, self.successResultOf(found))


class NameTests(TestCase):
    """:func:`name_error`."""

    async def test_names(self) -> None:
        """An address is no name; what resolves is fine; what does not is told."""

        def broken(_host: str) -> object:
            raise OSError(-2, "Name or service not known")

        self.assertEqual("", await name_error(reactor, "192.0.2.1:7766", broken))
        self.assertEqual("", await name_error(reactor, "[2001:db8::1]:7766", broken))
        self.assertEqual("", await name_error(reactor, "localhost:7766"))
        told = await name_error(reactor, "play.example.org:7766", broken)
        self.assertEqual("it cannot be looked up: Name or service not known", told)


class DiskTests(SynchronousTestCase):
    """:func:`disk_facts`."""

    def test_here(self) -> None:
        """There is room; a folder that is gone cannot be looked at."""
        with tempfile.TemporaryDirectory() as folder:
            facts = disk_facts(Path(folder))
            self.assertEqual(("", True), (facts.trouble, (facts.free or 0) > 0))
            gone = disk_facts(Path(folder) / "gone")
        self.assertIn("cannot be looked at", gone.trouble)


class NodeTests(PartyCase):
    """Real nodes in memory."""

    def test_party_of_two(self) -> Deferred[None]:
        """The report has the member with the size of packets, and the control server's answer; stages are told."""

        async def life() -> None:
            anna, bert, _, joined = await self.party()
            await self.until_paths(anna, bert)
            anna.machinery.echoes = MemoryEcho({joined["address"]: 1240})
            stages: list[str] = []
            told = await anna.node.doctor(member="bert", addresses=False, progress=stages.append)
            by_id = {check["id"]: check for check in told["checks"]}
            self.assertEqual(("path_mtu", "bert"), (by_id["mtu"]["fault"], by_id["mtu"]["member"]))
            self.assertIn("answers in", by_id["control"]["sentence"])
            self.assertEqual("unknown", by_id["visibility"]["level"], "the card in memory has no probe")
            self.assertEqual("looking at this machine", stages[0])
            self.assertIn("sending large packets to bert", stages)
            self.assertTrue(anna.machinery.echoes.stopped)
            self.assertNotIn(joined["address"], str(told))
            with self.assertRaisesRegex(BadInput, "no other member of the party; there: bert"):
                await anna.node.doctor(member="Zoe", addresses=False)

        return self.run_async(life())

    def test_idle(self) -> Deferred[None]:
        """A node in no party is judged by what is there."""

        async def life() -> None:
            await self.serve()
            anna = await self.player("anna", 1)
            folder = str(anna.node._config.state_dir)
            self.addCleanup(os.environ.__setitem__, "HOME", os.environ.get("HOME", "/"))
            os.environ["HOME"] = folder
            told = await anna.node.doctor(member="", addresses=False)
            self.assertEqual("~", told["facts"]["node"]["disk"]["folder"])
            shown = await anna.node.doctor(member="", addresses=True)
            self.assertEqual(folder, shown["facts"]["node"]["disk"]["folder"])
            self.assertEqual("idle", told["facts"]["node"]["state"])
            self.assertIsNotNone(told["facts"]["local"]["port_taken"])
            self.assertNotIn("control", [check["id"] for check in told["checks"]])

        return self.run_async(life())
