"""Guests of whole nodes over a real control server: added, listed, reached through their member, removed."""

from __future__ import annotations

from base64 import b64decode
from configparser import ConfigParser
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from lanrage.app.server_keeping import browsed
from lanrage.app.server_party import MemberPlace
from lanrage.core.identity import AgreementKey
from lanrage.errors import BadInput, Refused
from tests.app.node_world import PartyCase, Player

WISH: dict[str, Any] = {"expires_hours": 1.0, "via": "", "address": "", "plain": False}


def admitted(player: Player) -> frozenset[IPv4Address]:
    """The guests that a player's firewall lets through."""
    rules = player.machinery.guard.rules
    return rules.guests if rules is not None else frozenset()


def allowed(player: Player) -> dict[bytes, set[IPv4Network | IPv6Network]]:
    """What a player's WireGuard takes from each peer; nothing while it has none."""
    tunnels = player.machinery.tunnels[-1:] if player.machinery.standing[1] else []
    return {key: set(peer.allowed) for tunnel in tunnels for key, peer in tunnel.peers.items()}


def wireguard_key(player: Player) -> bytes:
    """A player's."""
    life = player.node._life
    assert life is not None
    return life.keys.wireguard.public


def guest_key(config: str) -> bytes:
    """The public key of the device that has this configuration."""
    read = ConfigParser()
    read.read_string(config)
    return AgreementKey(b64decode(read["Interface"]["PrivateKey"])).public


class GuestNodeTests(PartyCase):
    """Anna's party with Bert."""

    async def members(self) -> tuple[Player, Player]:
        """Both are full members."""
        anna, bert, _, _ = await self.party()
        await self.until_countersigned(anna, bert)
        return anna, bert

    def test_life(self) -> Deferred[None]:
        """Added, it is Anna's peer and Bert reaches it through her; removed, it is nobody's."""

        async def life() -> None:
            anna, bert = await self.members()
            added = await anna.node.add_guest(name="phone", **WISH)
            address = IPv4Address(added["guest"]["address"])
            key, alone = guest_key(added["config"]), IPv4Network(address)
            self.assertEqual({alone}, allowed(anna)[key])
            self.assertEqual("51820", added["endpoint"].rpartition(":")[2])
            await self.until(lambda: alone in allowed(bert)[wireguard_key(anna)])
            self.assertEqual(anna.machinery.devices.tunnel, bert.machinery.memory.routes[address][0])
            for player, here in ((anna, True), (bert, False)):
                (row,) = (await player.node.list_guests())["guests"]
                self.assertEqual(("phone", "anna", here), (row["name"], row["server"], row["served_here"]))
                party = browsed(player.node._life)
                assert party is not None
                self.assertIn(MemberPlace(str(address), "phone"), party.members().values(), "its servers are listed")
            self.assertEqual(None, (await anna.node.list_guests())["guests"][0]["seen_s"])
            await self.until(lambda: admitted(anna) == {address})
            await anna.stop()
            await anna.start()
            await self.until(lambda: allowed(anna).get(key) == {alone})
            removed = await anna.node.remove_guest(name="Phone", via="")
            self.assertEqual((1, ""), (removed["removed"], removed["pending"]))
            self.assertNotIn(key, allowed(anna))
            await self.until(lambda: alone not in allowed(bert)[wireguard_key(anna)])
            self.assertNotIn(address, bert.machinery.memory.routes)
            self.assertEqual([], (await bert.node.list_guests())["guests"])

        return self.run_async(life())

    def test_through_another(self) -> Deferred[None]:
        """A second way of the same device, served by Bert; it ends when Bert is thrown out."""

        async def life() -> None:
            anna, bert = await self.members()
            await anna.node.add_guest(name="deck", **WISH)
            second = await anna.node.add_guest(name="deck", **{**WISH, "via": "bert", "address": "b.example.org"})
            self.assertEqual("b.example.org:51820", second["endpoint"])
            key = guest_key(second["config"])
            await self.until(lambda: key in allowed(bert))
            (row,) = [row for row in (await bert.node.list_guests())["guests"] if row["served_here"]]
            self.assertEqual("bert", row["server"])
            await anna.node.kick(member="bert")
            await self.until(lambda: key not in allowed(bert))
            self.assertEqual(["anna"], [row["server"] for row in (await anna.node.list_guests())["guests"]])

        return self.run_async(life())

    def test_refused(self) -> Deferred[None]:
        """Who may not, names that are taken, members that are none, and one that is no guest."""

        async def life() -> None:
            anna, bert = await self.members()
            add, remove = anna.node.add_guest, anna.node.remove_guest
            await self.fails(Refused, "not_allowed", bert.node.add_guest(name="tv", **WISH))
            await self.fails(Refused, "guest_taken", add(name="Bert", **WISH))
            await self.fails(BadInput, "bad_input", add(name="tv", **{**WISH, "via": "nobody"}))
            await self.fails(BadInput, "bad_input", add(name="tv", **{**WISH, "address": "no host"}))
            await add(name="tv", **WISH)
            await self.fails(Refused, "guest_taken", add(name="TV", **WISH))
            await self.fails(BadInput, "bad_input", remove(name="phone", via=""))
            await self.fails(BadInput, "bad_input", remove(name="tv", via="bert"))
            await self.until(lambda: admitted(anna))

        return self.run_async(life())

    def test_alone(self) -> Deferred[None]:
        """With the control server away, the serving node lets its guest in no more at once."""

        async def life() -> None:
            anna, bert = await self.members()
            added = await anna.node.add_guest(name="phone", **WISH)
            await self.until(lambda: len(allowed(bert)[wireguard_key(anna)]) == 2)
            await self.unserve()
            removing = anna.node.remove_guest(name="phone", via="")
            await self.until(lambda: guest_key(added["config"]) not in allowed(anna))
            removing.addErrback(lambda failure: failure.trap(CancelledError))
            removing.cancel()

        return self.run_async(life())
