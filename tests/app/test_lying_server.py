"""A control server that lies: whatever it shows, no node configures who does not belong."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred

from lanrage.app.control_requests import Answer
from lanrage.core.certificates import Certificate, invite_key, open_certificate, open_invitation, sign
from lanrage.core.code import InvitationCode
from lanrage.core.identity import NodeKeys, SigningKey
from lanrage.core.joining import invite
from lanrage.core.ledger import Ledger
from lanrage.core.ledger_records import Record, Rename, sign_record
from lanrage.core.party import StoredInvitation
from lanrage.core.replica import SERVER, PartyReplica
from lanrage.core.world_state import Caller
from lanrage.errors import CryptoError
from lanrage.wire.control import FollowParty, RequestBody, Resync
from lanrage.wire.control_ledger import RecordAdded
from lanrage.wire.control_party import Delta, Deltas, MemberJoined, MemberRow, PartyState
from tests.app.node_world import Player
from tests.app.test_governing import GoverningCase
from tests.fakes_control import node_keys, seeded


@attrs.define
class LyingRequests:
    """Stands before the server's own requests and answers :class:`FollowParty` with what it was given.

    :ivar lies: by the identity that is lied to.
    """

    honest: Any
    lies: dict[bytes, PartyState] = attrs.field(factory=dict)

    def answer(self, caller: Caller, body: RequestBody, now: float, origin: str = "") -> Answer:
        """A lie, or what the honest server says."""
        if isinstance(body, FollowParty) and caller.identity in self.lies:
            return Answer(self.lies.pop(caller.identity), at_once=True)
        answer: Answer = self.honest.answer(caller, body, now, origin)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.honest, name)


class LyingCase(GoverningCase):
    """A party of three whose control server turns against it."""

    def life(self, player: Player) -> Any:
        """A player's party."""
        return player.node._life

    def keys(self, player: Player) -> NodeKeys:
        """A player's keys."""
        keys: NodeKeys = self.life(player).keys
        return keys

    def replica(self, player: Player) -> PartyReplica:
        """The party as a player believes it."""
        replica: PartyReplica = self.life(player).replica
        return replica

    def tell(self, player: Player, body: Any) -> None:
        """The server sends a node whatever it likes."""
        assert self.server is not None
        assert self.server._desk is not None
        self.server._desk._notify(self.keys(player).identity.public, body, "")

    async def told(self, player: Player, *changes: Any) -> None:
        """The server shows a node changes as the next revisions; they have arrived then."""
        replica = self.replica(player)
        replica.rejected.clear()
        first = replica.revision + 1
        deltas = tuple(Delta(first + number, change) for number, change in enumerate(changes))
        self.tell(player, Deltas(replica.party_id, deltas))
        await self.until(lambda: replica.revision == first + len(changes) - 1)

    async def shown(self, player: Player, **fields: Any) -> None:
        """The server shows a node the whole party, at a revision of its own, with what it likes changed."""
        replica = self.replica(player)
        rows = tuple(
            MemberRow(m.member.certificate_blob, m.member.invitation_blob, True) for m in replica.members.values()
        )
        state = PartyState(replica.party_id, replica.revision + 1, replica.charter_blob, rows, replica.epoch)
        replica.rejected.clear()
        wanted = fields.get("revision", state.revision)
        assert self.server is not None
        assert self.server._desk is not None
        desk = self.server._desk
        if not isinstance(desk._requests, LyingRequests):
            desk._requests = LyingRequests(desk._requests)  # type: ignore[assignment]
        lies: dict[bytes, PartyState] = desk._requests.lies  # type: ignore[attr-defined]
        lies[self.keys(player).identity.public] = msgspec.structs.replace(state, **fields)
        self.tell(player, Resync(replica.party_id))
        await self.until(lambda: replica.revision == wanted or replica.rejected)

    def row(self, certificate: bytes, invitation: bytes = b"") -> MemberRow:
        """A member's row, online."""
        return MemberRow(certificate, invitation, True)

    def joined(self, certificate: bytes, invitation: bytes = b"") -> MemberJoined:
        """The news that somebody joined."""
        return MemberJoined(self.row(certificate, invitation))

    def certificate(self, player: Player, **fields: Any) -> Certificate:
        """A member's certificate with other content."""
        replica = self.replica(player)
        member = replica.members[self.keys(player).identity.public].member
        assert replica.charter is not None
        invitation = open_invitation(member.invitation_blob, replica.charter) if member.invitation_blob else None
        opened = open_certificate(member.certificate_blob, replica.charter, invitation)
        return msgspec.structs.replace(opened, **fields)

    def blobs(self, player: Player) -> tuple[bytes, bytes]:
        """A member's certificate and invitation, as signed."""
        member = self.replica(player).members[self.keys(player).identity.public].member
        return member.certificate_blob, member.invitation_blob

    def untouched(self, *players: Player, keys: list[bytes]) -> None:
        """These players' WireGuard knows these keys and no others, and so do their links."""
        for player in players:
            own = self.keys(player).wireguard.public
            self.assertEqual(sorted(set(keys) - {own}), sorted(self.peers(player)))
            links = self.life(player).session.links.peers.values()
            self.assertEqual(sorted(set(keys) - {own}), sorted(link.peer_key for link in links))


class StrangerTests(LyingCase):
    """The server adds people and changes people."""

    def test_lying_server_adds_a_stranger(self) -> Deferred[None]:
        """By an invitation of its own, by a real one that it cannot sign with, by a party key of its own."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            party_id, stranger = self.replica(anna).party_id, node_keys("stranger")
            keys = [self.keys(player).wireguard.public for player in (anna, bert, carl)]
            fields: dict[str, Any] = {
                "identity": stranger.identity.public,
                "wireguard_key": stranger.wireguard.public,
                "name": "stranger",
                "address": self.certificate(anna).address.rsplit(".", 1)[0] + ".77",
            }
            secret = b"the server's own"
            epoch = self.replica(anna).epoch
            own = invite(stranger, party_id, epoch, secret, 1.0, 0, self.life(anna)._now())
            by_own = self.certificate(bert, issuer=invite_key(secret, party_id).public, epoch=epoch, **fields)
            real, liar = self.blobs(bert)[1], SigningKey(seeded("liar"))
            forged = [
                (sign(by_own, invite_key(secret, party_id), stranger.identity), own),
                (sign(self.certificate(bert, **fields), liar, stranger.identity), real),
                (sign(self.certificate(bert, **fields), stranger.identity, stranger.identity), real),
                (sign(self.certificate(anna, issuer=liar.public, **fields), liar, stranger.identity), b""),
                (b"nonsense", b""),
            ]
            for certificate, invitation in forged:
                for player in (anna, bert, carl):
                    await self.told(player, self.joined(certificate, invitation))
                    members = (self.row(*self.blobs(anna)), self.row(certificate, invitation))
                    await self.shown(
                        player, members=(*members, self.row(*self.blobs(bert)), self.row(*self.blobs(carl)))
                    )
            await self.until_paths(anna, bert, carl)
            self.untouched(anna, bert, carl, keys=keys)

        return self.run_async(life())

    def test_lying_server_swaps_a_key(self) -> Deferred[None]:
        """A member's WireGuard key is changed by its own identity alone, also where the server has the invitation."""

        async def life() -> None:
            anna, bert, carl, created = await self.three()
            keys = [self.keys(player).wireguard.public for player in (anna, bert, carl)]
            code = InvitationCode.decode(created["code"])
            issuer, thief = invite_key(code.secret, code.party_id), node_keys("thief")
            swapped = self.certificate(bert, wireguard_key=thief.wireguard.public)
            for signer in (thief.identity, issuer):
                await self.told(anna, self.joined(sign(swapped, issuer, signer), self.blobs(bert)[1]))
            address = self.certificate(bert, identity=thief.identity.public, wireguard_key=thief.wireguard.public)
            await self.told(anna, self.joined(sign(address, issuer, thief.identity), self.blobs(bert)[1]))
            self.assertIn("belongs to bert", " ".join(self.replica(anna).rejected.values()))
            self.untouched(anna, keys=keys)

        return self.run_async(life())

    def test_lying_server_reuses_an_invitation(self) -> Deferred[None]:
        """An invitation for one brings in one: the members count, not the server."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            code = (await anna.node.invite(expires_hours=1.0, uses=1))["code"]
            dora = await self.player("dora", 4)
            await dora.join(code)
            await self.until_countersigned(anna, bert, carl, dora)
            keys = [self.keys(player).wireguard.public for player in (anna, bert, carl, dora)]
            opened = InvitationCode.decode(code)
            issuer, second = invite_key(opened.secret, opened.party_id), node_keys("second user")
            address = self.certificate(dora).address.rsplit(".", 1)[0] + ".88"
            fields = {"identity": second.identity.public, "wireguard_key": second.wireguard.public, "name": "second"}
            certificate = sign(self.certificate(dora, address=address, **fields), issuer, second.identity)
            for player in (anna, bert, carl, dora):
                await self.told(player, self.joined(certificate, self.blobs(dora)[1]))
                self.assertIn("as often as it allows", self.replica(player).rejected["second"])
            self.untouched(anna, bert, carl, dora, keys=keys)

        return self.run_async(life())


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
