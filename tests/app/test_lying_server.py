"""A control server that lies: whatever it shows, no node configures who does not belong."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from lanrage.core.certificates import invite_key, sign
from lanrage.core.code import InvitationCode
from lanrage.core.identity import SigningKey
from lanrage.core.joining import invite
from tests.app.lying_case import LyingCase
from tests.fakes_control import node_keys, seeded


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
