"""Nodes whose disk, devices or server are not what they were."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from lanrage.app.party_life import NOT_SHOWN
from lanrage.errors import Refused, StoreError
from lanrage.store.replica import FILE, SavedParty
from tests.app.node_world import PartyCase, Player


def edit(player: Player, **changes: Any) -> None:
    """Change a stopped node's party file."""
    path = player.folder / "state" / FILE
    saved = msgspec.json.decode(path.read_bytes(), type=SavedParty)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(saved, **changes)))


class TroubleTests(PartyCase):
    """After a party was joined."""

    def test_own_membership_missing(self) -> Deferred[None]:
        """A party file without our own membership: it is told, and not tried again."""

        async def life() -> None:
            _, bert, _, _ = await self.party()
            await self.unserve()
            await bert.stop()
            edit(bert, members=())
            await bert.start()
            status = await bert.node.status()
            self.assertEqual(("in-party-without-card", None), (status["state"], status["card"]))
            self.assertIn("does not hold this node's own membership", status["missing"][0])
            self.assertIn("in-party-without-card", bert.node.greeting("")[0])

        return self.run_async(life())

    def test_server_forgot_the_party(self) -> Deferred[None]:
        """A server that lost its parties: the members play on, and status says what the server says."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            port = int(self.server_address.rpartition(":")[2])
            await self.unserve()
            for path in (self.folder / "server").iterdir():
                if path.suffix != ".key":
                    path.unlink()
            await self.serve(port)

            async def told() -> bool:
                return any("no such party" in text for text in (await bert.node.status())["missing"])

            await self.until(told)
            self.assertEqual({"bert": "direct"}, await anna.paths())
            self.assertEqual("in-party", (await bert.node.status())["state"])
            await bert.node.leave_party()
            self.assertEqual("idle", (await bert.node.status())["state"])

        return self.run_async(life())

    def test_part_that_does_not_stop(self) -> Deferred[None]:
        """A part that fails at the end is logged; all others are taken down."""

        async def life() -> None:
            _, bert, _, _ = await self.party()
            assert bert.node._life is not None
            session = bert.node._life.session
            assert session is not None
            assert session.reflexive is not None
            whole = session.reflexive.stop

            def fails() -> None:
                whole()
                raise RuntimeError("stuck")

            session.reflexive.stop = fails  # type: ignore[method-assign]
            await bert.stop()
            self.assertEqual([RuntimeError], [type(failure.value) for failure in self.flushLoggedErrors()])

        return self.run_async(life())

    def test_party_file_that_cannot_be_written(self) -> Deferred[None]:
        """A change that cannot be kept is told, and the party goes on; the next one is written."""

        async def life() -> None:
            anna, _, created, _ = await self.party()
            path = anna.folder / "state" / FILE
            path.unlink()
            path.mkdir()
            carl = await self.player("carl", 3)
            await carl.join(created["code"])

            async def missing() -> list[str]:
                return [text for text in (await anna.node.status())["missing"] if "is not saved" in text]

            await self.until(missing)
            self.assertIn(str(path), (await missing())[0])
            path.rmdir()
            await self.until_paths(anna, carl, *[p for p in self.players if p not in (anna, carl)])
            await carl.node.leave_party()
            await self.until(path.exists)
            self.assertEqual([], await missing())

        return self.run_async(life())

    def test_many_changes_at_once(self) -> Deferred[None]:
        """Members that come and go while the file is written: what is on disk in the end is the last state."""

        async def life() -> None:
            anna, bert, created, _ = await self.party()
            await self.until_countersigned(anna)
            for _ in range(3):
                await bert.node.leave_party()
                await bert.join(created["code"])
            await self.until_paths(anna, bert)
            shown = await anna.node.show_party()
            await anna.stop()
            saved = msgspec.json.decode((anna.folder / "state" / FILE).read_bytes(), type=SavedParty)
            self.assertEqual((shown["revision"], 2), (saved.revision, len(saved.members)))
            self.assertEqual((9, 1), (saved.revision, len(saved.records)))

        return self.run_async(life())

    def test_founder_that_cannot_take_part(self) -> Deferred[None]:
        """A party whose founder's card fails is left at the server, too; the next one can be made."""

        async def life() -> None:
            await self.serve()
            anna = await self.player("anna", 1)
            anna.machinery.broken = StoreError("the journal cannot be written")
            await self.fails(StoreError, "store", anna.create())
            self.assertEqual("idle", (await anna.node.status())["state"])
            assert self.server is not None
            self.assertEqual(0, self.server.status()["members"])
            self.assertEqual([], list((anna.folder / "state").glob("party-*.key")))
            anna.machinery.broken = None
            created = await anna.create()
            await self.fails(Refused, "already_in_party", anna.create())
            self.assertEqual(1, len((await anna.node.show_party())["members"]), created)

        return self.run_async(life())

    def test_founding_that_fails_half_way(self) -> Deferred[None]:
        """A party whose invitation the server refuses is given up there, and its key is not kept here."""

        async def life() -> None:
            await self.serve()
            anna = await self.player("anna", 1)
            await self.fails(Refused, "invitation_expired", anna.create(expires_hours=-1.0))
            assert self.server is not None
            self.assertEqual(0, self.server.status()["members"])
            self.assertEqual([], list((anna.folder / "state").glob("party-*.key")))
            self.assertEqual("idle", (await anna.node.status())["state"])

        return self.run_async(life())

    def test_own_membership_removed(self) -> Deferred[None]:
        """A server that shows us no more: status says so, and the links stay, since its word is not signed."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            await self.until_paths(anna, bert)
            party = bert.node._life
            assert party is not None
            assert party.replica is not None
            me = party.keys.identity.public
            party._changed(party.replica.left(party.replica.revision + 1, me))
            status = await bert.node.status()
            self.assertEqual(("in-party", [NOT_SHOWN]), (status["state"], status["missing"]))
            self.assertEqual({"anna": "direct"}, await bert.paths())

        return self.run_async(life())
