"""Conflicts at the control server's desk: the loser is answered, observers are told, all is kept and shown."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from lanrage.core.ledger_records import Rename
from lanrage.core.world_rows import ConflictRow
from lanrage.errors import Refused
from lanrage.wire.control import Done, ReserveAddress
from lanrage.wire.control_ledger import AppendRecord, ConflictsFound, FetchConflicts, Lost
from tests.app.test_control_desk import HOST, INVITATION, KIT, SECRET, DeskCase
from tests.app.test_governing import GoverningCase
from tests.fakes_control import node_keys
from tests.fakes_ledger import LedgerKit


class DeskConflictTests(DeskCase):
    """Over a channel in memory."""

    def test_conflict_is_told_to_observers(self) -> None:
        """The second record for an epoch gets what came first; an observer that fails keeps nobody from hearing."""
        told: list[ConflictRow] = []

        def broken(row: ConflictRow) -> None:
            raise ValueError("an observer's bug")

        self.desk.on_conflict += [broken, told.append]
        ledger = LedgerKit(KIT)
        one, two = (ledger.record(HOST, Rename(name)) for name in ("one", "two"))
        self.assertEqual(Done(), self.ask(self.host, AppendRecord(KIT.party_id, one)))
        lost = self.ask(self.host, AppendRecord(KIT.party_id, two))
        assert isinstance(lost, Lost)
        self.assertEqual(((one,), "rename the party to two"), (lost.records, lost.conflict.wish))
        (row,) = told
        self.assertEqual((KIT.party_id, 1), (row.party_id, row.number))
        self.assertEqual("host came first: rename the party to one", row.winner)
        found = self.ask(self.guest, FetchConflicts(KIT.party_id))
        self.assertEqual(ConflictsFound((lost.conflict,)), found)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_conflict_over_a_name(self) -> None:
        """A joiner whose name another one has is refused, and it is kept as a conflict."""
        third = self.node("again", node_keys("third"))
        reserve = ReserveAddress(KIT.party_id, INVITATION, "Guest", KIT.proof(node_keys("third"), SECRET))
        self.failureResultOf(self.start(third, reserve))
        (conflict,) = self.ask(self.guest, FetchConflicts(KIT.party_id)).conflicts
        self.assertEqual((node_keys("third").identity.public, "join as Guest"), (conflict.identity, conflict.wish))


class NodeConflictTests(GoverningCase):
    """Between two nodes."""

    def test_conflict_between_nodes(self) -> Deferred[None]:
        """Host and moderator rename at once: one name stands everywhere, the other's user is told."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            await anna.node.appoint(member="bert", role="moderator")
            await self.until_roles({"anna": "host", "bert": "moderator", "carl": "member"}, anna, bert, carl)
            results = [anna.node.rename(name="one"), bert.node.rename(name="two")]
            outcomes: list[str] = []
            for result in results:
                try:
                    await result
                    outcomes.append("done")
                except Refused as error:
                    outcomes.append(str(error))
            self.assertEqual(1, outcomes.count("done"), outcomes)
            (sentence,) = [text for text in outcomes if text != "done"]
            self.assertIn("came first", sentence)

            async def one_name() -> bool:
                names = {(await player.node.show_party())["name"] for player in (anna, bert, carl)}
                return len(names) == 1 and names <= {"one", "two"}

            await self.until(one_name)
            (conflict,) = (await carl.node.conflicts())["conflicts"]
            self.assertIn("rename the party to", conflict["wish"])
            self.assertIn(conflict["who"], ("anna", "bert"))

        return self.run_async(life())

    def test_changes_of_different_things_do_not_conflict(self) -> Deferred[None]:
        """Two who change different things at once both get their way."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            await anna.node.appoint(member="bert", role="moderator")
            await self.until_roles({"anna": "host", "bert": "moderator", "carl": "member"}, anna, bert, carl)
            results = [anna.node.rename(name="one"), bert.node.kick(member="carl")]
            for result in results:
                await result
            self.assertEqual("one", (await anna.node.show_party())["name"])
            await self.until(lambda: len(self.peers(anna)) == 1)

        return self.run_async(life())
