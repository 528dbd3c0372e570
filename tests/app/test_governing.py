"""Nodes that govern their party over a real control server: kick, ban, roles, renaming, takeover."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.defer import Deferred

from lanrage.errors import BadInput, Refused
from tests.app.node_world import PartyCase, Player


def wireguard_key(player: Player) -> bytes:
    """A player's WireGuard key."""
    life = player.node._life
    assert life is not None
    return life.keys.wireguard.public


def player_devices(player: Player) -> list[str]:
    """What stands on a player's machine."""
    cards, tunnels = player.machinery.standing
    return [*cards, *tunnels]


class GoverningCase(PartyCase):
    """Anna's party with Bert and Carl, all countersigned."""

    async def three(self, **wishes: Any) -> tuple[Player, Player, Player, dict[str, Any]]:
        """Anna is the host."""
        await self.serve()
        anna, bert, carl = [await self.player(name, number) for number, name in enumerate(("anna", "bert", "carl"), 1)]
        created = await anna.create(**wishes)
        for guest in (bert, carl):
            await guest.join(created["code"])
        await self.until_paths(anna, bert, carl)
        await self.until_countersigned(anna, bert, carl)
        return anna, bert, carl, created

    async def roles(self, player: Player) -> dict[str, str]:
        """Everybody's role, as this player sees it."""
        return {member["name"]: member["role"] for member in (await player.node.show_party())["members"]}

    async def until_roles(self, roles: dict[str, str], *players: Player) -> None:
        """Wait until all these players see these roles."""

        async def seen() -> bool:
            return all([await self.roles(player) == roles for player in players])

        await self.until(seen)

    async def until_out(self, player: Player) -> None:
        """Wait until a player's node has left."""

        async def idle() -> bool:
            status = await player.node.status()
            return status["state"] == "idle" and any("by anna" in text for text in status["missing"])

        await self.until(idle)

    def peers(self, player: Player) -> set[bytes]:
        """The keys that a player's WireGuard knows now."""
        return {key for tunnel in player.machinery.tunnels for key in tunnel.peers}


class KickTests(GoverningCase):
    """One signed record throws a member out everywhere."""

    def test_kick(self) -> Deferred[None]:
        """The kicked node leaves and says by whom, the others' WireGuard forgets it, and its code is void."""

        async def life() -> None:
            anna, bert, carl, created = await self.three()
            key = wireguard_key(bert)
            said = await anna.node.kick(member="bert")
            self.assertEqual((3, "anna threw out bert"), (said["epoch"], said["what"]))
            await self.until_out(bert)
            await self.until(lambda: key not in self.peers(anna) | self.peers(carl))
            (reason,) = (await bert.node.status())["missing"]
            self.assertIn("thrown out of the party LAN on Friday by anna", reason)
            self.assertEqual(([], {}), (player_devices(bert), bert.machinery.memory.routes))
            await self.fails(Refused, "invitation_void", bert.join(created["code"]))
            fresh = (await anna.node.invite(expires_hours=1.0, uses=1))["code"]
            await bert.join(fresh)
            await self.until_paths(anna, bert, carl)
            await self.until_countersigned(anna, bert, carl)

        return self.run_async(life())

    def test_ban(self) -> Deferred[None]:
        """A banned node comes back by no invitation, another node by the banned one's code neither; a pardon helps."""

        async def life() -> None:
            anna, bert, carl, created = await self.three()
            identity = next(m["identity"] for m in (await anna.node.show_party())["members"] if m["name"] == "bert")
            await anna.node.ban(member="bert")
            await self.until_out(bert)
            fresh = (await anna.node.invite(expires_hours=1.0, uses=5))["code"]
            await self.fails(Refused, "banned", bert.join(fresh))
            dora = await self.player("dora", 4)
            await self.fails(Refused, "invitation_void", dora.join(created["code"]))
            await anna.node.pardon(member=identity[:8])
            await bert.join(fresh)
            del carl

        return self.run_async(life())

    def test_kicked_while_away(self) -> Deferred[None]:
        """A node that was thrown out while it did not run finds it in the ledger when it is back."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            await bert.stop()
            await anna.node.kick(member="bert")
            await bert.start()
            await self.until_out(bert)
            self.assertIn("by anna", (await bert.node.status())["missing"][0])
            del carl

        return self.run_async(life())

    def test_provisional_node_whose_code_falls(self) -> Deferred[None]:
        """Nobody has countersigned yet and the code is withdrawn: the node leaves and says why, the others drop it."""

        async def life() -> None:
            await self.serve()
            anna, bert = await self.player("anna", 1), await self.player("bert", 2)
            created = await anna.create()
            assert anna.node._life is not None
            assert anna.node._life.governance is not None
            anna.node._life.governance.stop()
            await bert.join(created["code"])
            await self.until(lambda: self.peers(anna) == {wireguard_key(bert)})
            await anna.node.withdraw(code=created["code"])

            async def out() -> bool:
                status = await bert.node.status()
                return status["state"] == "idle" and "the invitation is void" in " ".join(status["missing"])

            await self.until(out)
            await self.until(lambda: self.peers(anna) == set())

        return self.run_async(life())

    def test_who_may(self) -> Deferred[None]:
        """Covered rule by rule in the ledger's tests; here: a member gets the refusal, and an unknown name its own."""

        async def life() -> None:
            anna, bert, _, _ = await self.three()
            await self.fails(Refused, "not_allowed", bert.node.kick(member="anna"))
            await self.fails(BadInput, "bad_input", anna.node.kick(member="nobody"))
            await self.fails(BadInput, "bad_input", anna.node.kick(member="an"))

        return self.run_async(life())

    def test_revoked_before_it_is_configured(self) -> Deferred[None]:
        """What waits for a member that is thrown out is not done any more, and the LAN plane drops it first."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            assert anna.node._life is not None
            session = anna.node._life.session
            assert session is not None
            assert session.links is not None
            link = next(link for link in session.links.peers.values() if link.name == "bert")
            address = link.member.certificate.ip
            self.assertIn(address, session.links.ready_addresses())
            session.links.revoke(link.identity)
            self.assertNotIn(address, session.links.ready_addresses())
            await session.tunnel.remove_peer(link.peer_key)  # type: ignore[union-attr]
            link.missing(link.resets)
            link.start()
            self.assertNotIn(link.peer_key, self.peers(anna))
            del carl, bert

        return self.run_async(life())


class RoleTests(GoverningCase):
    """Moderators, and the host's place."""

    def test_moderator(self) -> Deferred[None]:
        """A moderator invites, renames and throws members out; all see it, also after a restart of the server."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            await self.fails(Refused, "not_allowed", bert.node.rename(name="mine"))
            await anna.node.appoint(member="bert", role="moderator")
            await self.until_roles({"anna": "host", "bert": "moderator", "carl": "member"}, anna, bert, carl)
            await bert.node.rename(name="Saturday")

            async def renamed() -> bool:
                return all([(await player.node.status())["party"]["name"] == "Saturday" for player in (anna, carl)])

            await self.until(renamed)
            port = int(self.server_address.rpartition(":")[2])
            await self.unserve()
            await self.serve(port)
            code = (await bert.node.invite(expires_hours=1.0, uses=1))["code"]
            dora = await self.player("dora", 4)
            self.assertEqual("Saturday", (await dora.join(code))["name"])
            await self.until_countersigned(anna, dora)
            history = [record["what"] for record in (await dora.node.history())["records"]]
            self.assertIn("anna made bert a moderator", history)
            self.assertIn("bert renamed the party to Saturday", history)

        return self.run_async(life())

    def test_handed_over(self) -> Deferred[None]:
        """The new host appoints, the old one is a moderator."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            await anna.node.appoint(member="bert", role="host")
            await self.until_roles({"anna": "moderator", "bert": "host", "carl": "member"}, anna, bert, carl)
            await self.fails(Refused, "not_allowed", anna.node.appoint(member="carl", role="moderator"))
            await bert.node.appoint(member="carl", role="moderator")

        return self.run_async(life())

    def test_taken_over(self) -> Deferred[None]:
        """By a majority of one moderator while the host is away."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three(takeover="majority")
            await anna.node.appoint(member="bert", role="moderator")
            await self.until_roles({"anna": "host", "bert": "moderator", "carl": "member"}, bert)
            await anna.stop()
            await bert.node.claim_host(member="bert")
            await self.until_roles({"anna": "member", "bert": "host", "carl": "member"}, bert, carl)

        return self.run_async(life())

    def test_claim_and_veto(self) -> Deferred[None]:
        """Where the rule is a delay everybody sees the claim, and the host ends it."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()
            await anna.node.appoint(member="bert", role="moderator")
            await self.until_roles({"anna": "host", "bert": "moderator", "carl": "member"}, bert)
            await bert.node.claim_host(member="bert")
            await self.fails(Refused, "too_early", bert.node.claim_host(member="bert"))

            async def alarmed() -> bool:
                shown = [(await player.node.show_party())["alarms"] for player in (anna, carl)]
                return all(any("bert wants bert as host" in text for text in alarms) for alarms in shown)

            await self.until(alarmed)
            await anna.node.veto()

            async def calm() -> bool:
                return (await carl.node.show_party())["alarms"] == []

            await self.until(calm)

        return self.run_async(life())

    def test_withdrawn_code(self) -> Deferred[None]:
        """It brings in nobody any more."""

        async def life() -> None:
            anna, _, _, created = await self.three()
            await anna.node.withdraw(code=created["code"])
            dora = await self.player("dora", 4)
            await self.fails(Refused, "invitation_void", dora.join(created["code"]))
            await self.fails(BadInput, "bad_input", anna.node.withdraw(code="LR1-nonsense"))

        return self.run_async(life())

    def test_status(self) -> Deferred[None]:
        """What one says of oneself, all see, at once and after coming back; the last word counts."""

        async def life() -> None:
            anna, bert, carl, _ = await self.three()

            async def heard(player: Player, text: str) -> bool:
                members = (await player.node.show_party())["members"]
                return any(m["name"] == "bert" and m["status"] == text for m in members)

            for text in ("makes tea", "back"):
                await bert.node.set_status(text=text)
                for player in (anna, bert, carl):
                    await self.until(partial(heard, player, text))
            await carl.stop()
            await carl.start()
            await self.until(lambda: heard(carl, "back"))

        return self.run_async(life())
