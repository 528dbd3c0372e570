"""Guests of whole nodes over a real control server: added, listed, reached through their member, removed."""

from __future__ import annotations

import time
from base64 import b64decode
from configparser import ConfigParser
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from lanrage.app.operations import perform
from lanrage.app.server_keeping import browsed
from lanrage.app.server_party import MemberPlace
from lanrage.core.identity import AgreementKey
from lanrage.core.party_guests import Resting
from lanrage.errors import BadInput, Refused
from lanrage.store.dismissals import DismissalsFile
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


def says(player: Player, other: Player) -> bool | None:
    """What a player heard of whether another serves guests."""
    life, its = player.node._life, other.node._life
    assert life is not None
    assert its is not None
    guests = life.session.guests if life.session is not None else None
    return guests.serving.of(its.keys.identity.public) if guests is not None and guests.serving is not None else None


async def serve(player: Player, text: str) -> None:
    """Change the setting, as the local API does."""
    await perform(player.node, "settings.set", {"values": {"guests.serve": text}})


class GuestNodeTests(PartyCase):
    """Anna's party with Bert.

    :ivar code: by which one joins.
    """

    code = ""

    async def members(self) -> tuple[Player, Player]:
        """Both are full members, and each knows that the other serves guests."""
        anna, bert, created, _ = await self.party()
        self.code = created["code"]
        await self.until_countersigned(anna, bert)
        await self.until(lambda: says(anna, bert) and says(bert, anna))
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

    def test_bringer_demoted(self) -> Deferred[None]:
        """A moderator's guest ends everywhere when its role does; the host's own goes on."""

        async def life() -> None:
            anna, bert = await self.members()
            await anna.node.appoint(member="bert", role="moderator")
            await self.until(lambda: governs(bert))
            kept = guest_key((await anna.node.add_guest(name="deck", **WISH))["config"])
            await self.until(lambda: len(allowed(bert)[wireguard_key(anna)]) == 2)
            added = await bert.node.add_guest(name="phone", **{**WISH, "via": "anna"})
            alone = IPv4Network(added["guest"]["address"])
            await self.until(lambda: guest_key(added["config"]) in allowed(anna))
            await anna.node.appoint(member="bert", role="member")
            await self.until(lambda: guest_key(added["config"]) not in allowed(anna))
            await self.until(lambda: alone not in allowed(bert)[wireguard_key(anna)])
            self.assertIn(kept, allowed(anna))
            self.assertEqual(["deck"], [row["name"] for row in (await anna.node.list_guests())["guests"]])
            await anna.node.add_guest(name="phone", **WISH)

        return self.run_async(life())

    def test_bringer_left(self) -> Deferred[None]:
        """A moderator that leaves has its guest rest, which the list tells; it is back when that member is."""

        async def life() -> None:
            anna, bert = await self.members()
            await anna.node.appoint(member="bert", role="moderator")
            await self.until(lambda: governs(bert))
            added = await bert.node.add_guest(name="phone", **{**WISH, "via": "anna"})
            key = guest_key(added["config"])
            await self.until(lambda: key in allowed(anna))
            await bert.node.leave_party()
            await self.until(lambda: key not in allowed(anna))
            (row,) = (await anna.node.list_guests())["guests"]
            self.assertEqual(("phone", Resting.BRINGER), (row["name"], row["resting"]))
            await self.fails(Refused, "guest_taken", anna.node.add_guest(name="phone", **WISH))
            await bert.join(self.code)
            await self.until(lambda: key in allowed(anna))
            await anna.node.remove_guest(name="phone", via="")
            self.assertNotIn(key, allowed(anna))

        return self.run_async(life())

    def test_denied(self) -> Deferred[None]:
        """A node serves guests by its own will: the inviter is refused, and what is served ends at once."""

        async def life() -> None:
            anna, bert = await self.members()
            via_bert = {**WISH, "via": "bert", "address": "b.example.org"}
            key = guest_key((await anna.node.add_guest(name="deck", **via_bert))["config"])
            await self.until(lambda: key in allowed(bert))
            await serve(bert, "deny")
            self.assertNotIn(key, allowed(bert))
            await self.until(lambda: says(anna, bert) is False)
            told = await self.fails(Refused, "not_served", anna.node.add_guest(name="tv", **via_bert))
            self.assertIn("bert's node serves no guests", told)
            self.assertIn("guests.serve", (await anna.node.list_guests())["guests"][0]["resting"])
            self.assertIn("guests.serve", (await bert.node.list_guests())["trouble"])
            await serve(anna, "deny")
            told = await self.fails(Refused, "not_served", anna.node.add_guest(name="tv", **WISH))
            self.assertIn("this node serves no guests", told)
            await serve(bert, "allow")
            await self.until(lambda: key in allowed(bert) and says(anna, bert))
            self.assertEqual("", (await anna.node.list_guests())["guests"][0]["resting"])

        return self.run_async(life())

    def test_alone(self) -> Deferred[None]:
        """With the control server away a dismissed guest is out at once, and over a restart; then the party is told."""

        async def life() -> None:
            anna, bert = await self.members()
            added = await anna.node.add_guest(name="phone", **WISH)
            key, alone = guest_key(added["config"]), IPv4Network(added["guest"]["address"])
            await self.until(lambda: alone in allowed(bert)[wireguard_key(anna)])
            assert self.server is not None
            port = self.server.address.port
            await self.unserve()
            removing = anna.node.remove_guest(name="phone", via="")
            await self.until(lambda: key not in allowed(anna))
            removing.addErrback(lambda failure: failure.trap(CancelledError))
            removing.cancel()  # its user waits no longer; what was asked for stands
            await anna.stop()
            await anna.start()
            await self.until(lambda: anna.machinery.standing[1])
            await self.until(lambda: says(bert, anna))
            self.assertNotIn(key, allowed(anna))
            await self.serve(port)
            await self.until(lambda: alone not in allowed(bert)[wireguard_key(anna)])
            await self.until(lambda: not DismissalsFile(anna.folder / "state").path.exists())
            self.assertEqual([], (await bert.node.list_guests())["guests"])

        return self.run_async(life())

    def test_end_while_alone(self) -> Deferred[None]:
        """A guest's time is over for every node by its own clock, with the control server away."""

        async def life() -> None:
            anna, bert = await self.members()
            added = await anna.node.add_guest(name="phone", **WISH)
            key, alone = guest_key(added["config"]), IPv4Network(added["guest"]["address"])
            await self.until(lambda: alone in allowed(bert)[wireguard_key(anna)])
            await self.unserve()
            for player in (anna, bert):
                its = player.node._life
                assert its is not None
                assert its.session is not None
                its._now = lambda: time.time() + 3600  # it slept, and woke when the time was over
                await its.session.look_at_guests()
            self.assertNotIn(key, allowed(anna))
            await self.until(lambda: alone not in allowed(bert)[wireguard_key(anna)])
            self.assertEqual([], (await anna.node.list_guests())["guests"])

        return self.run_async(life())


def governs(player: Player) -> bool:
    """Whether a player is host or moderator, as it knows itself."""
    life = player.node._life
    assert life is not None
    ledger = life.replica.ledger if life.replica is not None else None
    return ledger is not None and ledger.governs(life.keys.identity.public)
