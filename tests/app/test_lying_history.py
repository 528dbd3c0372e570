"""A lying control server that shows an old history, a part of it, or another one."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.defer import Deferred

from lanrage.core.certificates import open_invitation
from lanrage.core.code import InvitationCode
from lanrage.core.ledger import Ledger
from lanrage.core.ledger_records import Record, Rename, Support, sign_record
from lanrage.core.party import StoredInvitation
from lanrage.core.replica import SERVER, PartyReplica
from lanrage.errors import CryptoError
from lanrage.wire.control import Resync
from lanrage.wire.control_ledger import RecordAdded
from lanrage.wire.control_party import Delta, Deltas
from tests.app.lying_case import LyingCase
from tests.app.node_world import Player
from tests.app.test_governing import wireguard_key
from tests.fakes_control import node_keys


class HistoryTests(LyingCase):
    """The server shows an old history, a part of it, or another one."""

    def test_lying_server_replays_an_old_revision(self) -> Deferred[None]:
        """Who was thrown out stays out, whatever revision the party without that record is shown at."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            keys = [self.keys(player).wireguard.public for player in (anna, bert)]
            rows = tuple(self.row(*self.blobs(player)) for player in (anna, bert, carl))
            old = {"members": rows, "epoch": self.replica(anna).epoch}
            before, thrown = self.replica(anna).revision, self.blobs(carl)
            await anna.node.kick(member="carl")
            await self.until(lambda: len(self.replica(bert).members) == 2 and len(self.peers(anna)) == 1)
            for player in (anna, bert):
                await self.shown(player, revision=before, **old)
                self.assertIn("this node has seen", self.replica(player).rejected[SERVER])
                await self.shown(player, revision=self.replica(player).revision + 5, **old)
                await self.told(player, self.joined(*thrown))
                self.assertIn("carl", self.replica(player).rejected)
            await self.until_paths(anna, bert)
            self.untouched(anna, bert, keys=keys)

        return self.run_async(life())

    def cut_off(self, player: Player) -> None:
        """From now on the server tells a node nothing."""
        assert self.server is not None
        assert self.server._desk is not None
        self.server._desk.sessions.pop(self.keys(player).identity.public)

    def test_lying_server_hides_a_revocation(self) -> Deferred[None]:
        """Anna throws Carl out, the server tells nobody: Bert hears it from Anna inside the tunnel, and drops Carl."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            for player in (bert, carl):
                self.cut_off(player)
            await anna.node.kick(member="carl")
            await self.until(lambda: self.peers(bert) == {wireguard_key(anna)} and self.replica(bert).epoch == 3)
            self.assertEqual(["anna", "bert"], sorted(await self.roles(bert)))
            self.untouched(anna, bert, keys=[wireguard_key(anna), wireguard_key(bert)])

        return self.run_async(life())

    def test_lying_server_shows_two_histories(self) -> Deferred[None]:
        """A moderator helps the server to show each half its own record: both raise the alarm inside the tunnel."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            await anna.node.appoint(member="bert", role="moderator")
            await self.until(lambda: {self.replica(player).epoch for player in (anna, bert, carl)} == {3})
            author = self.keys(bert).identity
            for player, name in ((anna, "one"), (carl, "two")):
                self.cut_off(player)
                replica = self.replica(player)
                ledger = replica.ledger
                assert ledger is not None
                record = Record(bytes.fromhex(replica.party_id), 4, ledger.head, author.public, ledger.at, Rename(name))
                replica_change = RecordAdded(sign_record(record, author))
                self.life(player).link._notice(
                    Deltas(replica.party_id, (Delta(replica.revision + 1, replica_change),)), ""
                )
            await self.until(lambda: self.replica(anna).forks and self.replica(carl).forks)
            for player, name in ((anna, "one"), (carl, "two")):
                self.assertEqual(name, self.replica(player).ledger.name)  # type: ignore[union-attr]
                self.assertTrue((await player.node.show_party())["alarms"])

        return self.run_async(life())

    def test_lying_server_withholds_records(self) -> Deferred[None]:
        """A server that speaks of records and does not show them is not believed in anything else either."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            keys = [self.keys(player).wireguard.public for player in (anna, bert, carl)]
            await self.shown(anna, epoch=self.replica(anna).epoch + 3, members=())
            self.assertIn("withholds", self.replica(anna).rejected[SERVER])
            self.untouched(anna, keys=keys)

        return self.run_async(life())

    def test_lying_server_writes_into_the_ledger(self) -> Deferred[None]:
        """A record that no member signed, or one that its author may not write, changes nothing."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            replica = self.replica(anna)
            assert replica.ledger is not None
            for author in (node_keys("liar"), self.keys(bert)):
                record = Record(
                    bytes.fromhex(replica.party_id),
                    replica.epoch + 1,
                    replica.ledger.head,
                    author.identity.public,
                    replica.ledger.at,
                    Rename("lies"),
                )
                self.tell(
                    anna,
                    Deltas(
                        replica.party_id,
                        (Delta(replica.revision + 1, RecordAdded(sign_record(record, author.identity))),),
                    ),
                )
                await self.until(lambda: SERVER in replica.rejected)
                replica.rejected.clear()
            self.assertEqual(("LAN on Friday", 2), (replica.ledger.name, replica.epoch))
            del carl

        return self.run_async(life())

    def test_lying_server_with_a_second_history(self) -> Deferred[None]:
        """A moderator signs two records for one epoch, the server shows both: the first stays, the alarm names it."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            await anna.node.appoint(member="bert", role="moderator")
            replica = self.replica(carl)
            ledger = replica.ledger
            assert ledger is not None
            await self.until(lambda: ledger.epoch == 3)
            author = self.keys(bert).identity
            party_id = bytes.fromhex(replica.party_id)
            records = [
                sign_record(Record(party_id, 4, ledger.head, author.public, ledger.at, Rename(name)), author)
                for name in ("one", "two")
            ]
            for number, blob in enumerate(records, 1):
                self.tell(carl, Deltas(replica.party_id, (Delta(replica.revision + 1, RecordAdded(blob)),)))
                await self.until(partial(self._arrived, ledger, replica, number))
            self.assertEqual(("one", {SERVER: 4}), (ledger.name, replica.forks))
            (alarm,) = (await carl.node.show_party())["alarms"]
            self.assertIn("shows another ledger of this party from record 4 on", alarm)

        return self.run_async(life())

    @staticmethod
    def _arrived(ledger: Ledger, replica: PartyReplica, number: int) -> bool:
        return ledger.epoch == 4 and (number == 1 or bool(replica.forks))

    def test_record_that_came_by_the_tunnel_alone(self) -> Deferred[None]:
        """Members bring the server what it was not shown, and govern on behind it; what counts by the clock waits."""

        async def life() -> None:
            anna, bert, carl, created = await self.three()
            assert self.server is not None
            party = self.server._world.parties[created["party_id"]]
            ledger, author = party.ledger, self.keys(anna).identity
            party_id = bytes.fromhex(party.party_id)
            blob = sign_record(Record(party_id, 3, ledger.head, author.public, ledger.at, Rename("inside")), author)
            self.life(bert).link.brought((blob,), "anna")
            await self.until(lambda: ledger.epoch == 3 and self.replica(carl).epoch == 3)
            claim = Record(party_id, 4, ledger.head, author.public, ledger.at, Support(author.public))
            self.life(bert).link.brought((sign_record(claim, author),), "anna")
            self.assertEqual(3, self.replica(bert).epoch)
            await anna.node.kick(member="carl")
            await self.until(lambda: self.peers(bert) == {wireguard_key(anna)})

        return self.run_async(life())

    def test_server_of_an_old_backup(self) -> Deferred[None]:
        """A server that lost records gets them back from the members, and nobody who was thrown out comes back."""

        async def life() -> None:
            anna, bert, carl, created = await self.three()
            await anna.node.kick(member="carl")
            await self.until_out(carl)
            await self.until(lambda: self.replica(bert).epoch == 3)
            assert self.server is not None
            party = self.server._world.parties[created["party_id"]]
            whole = party.ledger
            party.ledger = Ledger(party.charter, party.charter_blob)
            for blob in whole.records[:2]:
                party.ledger.append(blob)
            party.deltas.clear()
            party.revision = 2
            self.tell(bert, Resync(party.party_id))
            await self.until(lambda: party.ledger.epoch == 3)
            self.assertEqual(whole.head, party.ledger.head)
            self.assertEqual({wireguard_key(anna)}, self.peers(bert))

        return self.run_async(life())

    def test_lying_server_to_a_joiner(self) -> Deferred[None]:
        """A joiner whom the server lets in by a void invitation sees in the ledger that it is none."""

        async def life() -> None:
            anna, _, _, created = await self.three()
            await anna.node.withdraw(code=created["code"])
            assert self.server is not None
            party = self.server._world.parties[created["party_id"]]
            invitation_id = InvitationCode.decode(created["code"]).invitation_id
            party.invitations.update(self._revived(party, invitation_id, anna))
            party.ledger.void.clear()
            dora = await self.player("dora", 4)
            await self.fails(CryptoError, "crypto", dora.join(created["code"]))
            self.assertEqual("idle", (await dora.node.status())["state"])

        return self.run_async(life())

    def _revived(self, party: Any, invitation_id: str, anna: Player) -> dict[str, Any]:
        blob = next(m.member.invitation_blob for m in self.replica(anna).members.values() if m.member.invitation_blob)
        return {invitation_id: StoredInvitation(open_invitation(blob, party.charter), blob)}
