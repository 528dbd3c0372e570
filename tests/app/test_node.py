"""Two nodes and more in one process: the whole life of a party as its users see it."""

from __future__ import annotations

import os
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from lanrage import __version__
from lanrage.app.party_channel import ChannelCounters
from lanrage.core.identity import fingerprint
from lanrage.errors import Refused
from lanrage.store.keys import load_node_keys
from tests.app.node_world import RELAY, PartyCase


class LifeTests(PartyCase):
    """Create, join, show, invite, leave, come back."""

    def test_create_and_join(self) -> Deferred[None]:
        """What founder and joiner are told, and what both then see of the party."""

        async def life() -> None:
            anna, bert, created, joined = await self.party()
            await self.until_countersigned(anna, bert)
            subnet = created["subnet"]
            base = subnet.removesuffix(".0/24")
            self.assertEqual(("LAN on Friday", f"{base}.1"), (created["name"], created["address"]))
            self.assertEqual(
                {
                    "party_id": created["party_id"],
                    "name": "LAN on Friday",
                    "subnet": subnet,
                    "address": f"{base}.2",
                    "members": 2,
                },
                joined,
            )
            for me, other, address in ((anna, bert, 1), (bert, anna, 2)):
                shown = await me.node.show_party()
                member = shown["members"].pop(2 - address)
                mine = shown["members"].pop()
                expected = {"party_id": created["party_id"], "name": "LAN on Friday", "subnet": subnet, "me": me.name}
                expected |= {"revision": 3, "members": [], "epoch": 1, "takeover": "delay", "alarms": [], "ready": None}
                self.assertEqual(expected, shown)
                self.assertEqual(("full", "full"), (mine["standing"], member["standing"]))
                self.assertEqual({"host", "member"}, {mine["role"], member["role"]})
                self.assertEqual((me.name, f"{base}.{address}", True, True), _first(mine))
                self.assertEqual((other.name, f"{base}.{3 - address}", True, False), _first(member))
                identity = load_node_keys(other.folder / "state", os.urandom).identity.public
                self.assertEqual(fingerprint(identity).hex(), member["identity"])
                self.assertEqual(f"{other.machinery.host.outer}:51820", member["endpoint"])
                self.assertEqual(1, member["moves"])
                self.assertLess(member["rtt_ms"], 1000.0)
                self.assertLess(member["join_to_path_ms"], 5000.0)
                self.assertGreater(member["rx_bytes"], 0)

        return self.run_async(life())

    def test_status_and_diagnosis(self) -> Deferred[None]:
        """Idle first; in the party all parts are named, and the doctor gets the same."""

        async def life() -> None:
            await self.serve()
            anna = await self.player("anna", 1)
            idle = await anna.node.status()
            empty: dict[str, Any] = {
                "control": None,
                "tunnel": None,
                "card": None,
                "party": None,
                "missing": [],
                "lan": {},
                "channel": {},
                "nat": None,
                "relay_tcp": None,
                "birthday": {},
                "port_mapping": None,
                "bridges": [],
                "games": [],
                "tuning": None,
                "web": None,
            }
            self.assertEqual({"version": __version__, "state": "idle"} | empty, idle)
            self.assertEqual("idle", (await anna.node.diagnose())["state"])
            self.assertEqual(
                ["node: idle", "next: lanrage party create NAME --server HOST:1   or   lanrage party join CODE"],
                anna.node.greeting("HOST:1"),
            )
            created = await anna.create()
            bert = await self.player("bert", 2)
            await bert.join(created["code"])
            await self.until_paths(anna, bert)
            status = await anna.node.status()
            self.assertGreater(len(status.pop("lan")), 5)
            nat = status.pop("nat")
            self.assertEqual(("unknown", False), (nat["kind"], nat["complete"]), "a reflector of one socket")
            tunnel = {"device": "lanrage-wg0", "kind": "memory", "port": 51820}
            card = {"name": "lanrage0", "address": created["address"]}
            self.assertEqual(
                {
                    "version": __version__,
                    "state": "in-party",
                    "control": {"address": self.server_address, "connected": True},
                    "tunnel": tunnel,
                    "card": card
                    | {"address6": None, "without_ipv6": "this machine has no IPv6, or it is switched off"},
                    "party": {"party_id": created["party_id"], "name": "LAN on Friday"},
                    "missing": [],
                    "channel": dict.fromkeys(attrs.asdict(ChannelCounters()), 0),
                    "relay_tcp": None,
                    "birthday": {},
                    "port_mapping": None,
                    "bridges": [],
                    "games": [],
                    "tuning": None,
                    "web": None,
                },
                status,
            )
            facts = await anna.node.diagnose()
            helped = {"sockets": 0, "translated": 0, "routes": 0}
            subnet = {"subnet": created["subnet"]}
            self.assertEqual((tunnel | {"mtu": 1280}, card | helped | subnet), (facts["tunnel"], facts["card"]))
            self.assertEqual(f"{anna.machinery.host.outer}:51820", facts["reflexive"])
            self.assertEqual(
                [f"{RELAY.host}:{RELAY.first}-{RELAY.last}"], [each["address"] for each in facts["relays"]]
            )
            self.assertEqual("unknown", facts["nat"]["kind"])
            self.assertEqual([("bert", "direct")], [(each["name"], each["path"]) for each in facts["members"]])
            self.assertIn(f"anna in {created['party_id']}", anna.node.greeting("HOST:1")[0])

        return self.run_async(life())

    def test_lan_plane_knows_the_members(self) -> Deferred[None]:
        """What a game sends on the card goes to the member whose link is up."""

        async def life() -> None:
            anna, bert, _, joined = await self.party()
            assert anna.node._life is not None
            session = anna.node._life.session
            assert session is not None
            assert session.links is not None
            self.assertEqual([joined["address"]], [str(each) for each in session.links.ready_addresses()])
            self.assertEqual([joined["address"]], [str(each) for each in anna.machinery.memory.routes])
            self.assertEqual(f"{joined['address']}/24", str(bert.machinery.cards[-1].opened))

        return self.run_async(life())

    def test_leave_and_rejoin(self) -> Deferred[None]:
        """Who leaves takes all down and is gone for the others; who comes back has the same address."""

        async def life() -> None:
            anna, bert, created, joined = await self.party()
            self.assertEqual({"party_id": created["party_id"]}, await bert.node.leave_party())
            self.assertEqual(([], []), bert.machinery.standing)
            self.assertEqual("idle", (await bert.node.status())["state"])
            await self.until(lambda: not anna.machinery.memory.routes)
            self.assertEqual({}, await anna.paths())
            self.assertEqual({}, anna.machinery.tunnels[-1].peers)
            carl = await self.player("carl", 3)
            other = await carl.join(created["code"])
            again = await bert.join(created["code"])
            self.assertEqual(joined["address"], again["address"])
            self.assertNotEqual(joined["address"], other["address"])
            await self.until_paths(anna, bert, carl)

        return self.run_async(life())

    def test_invite(self) -> Deferred[None]:
        """The host makes further codes, which bring members in; nobody else does."""

        async def life() -> None:
            anna, bert, created, _ = await self.party()
            code = (await anna.node.invite(expires_hours=2.0, uses=1))["code"]
            self.assertNotEqual(created["code"], code)
            carl = await self.player("carl", 3)
            self.assertEqual(3, (await carl.join(code))["members"])
            await self.fails(Refused, "not_allowed", bert.node.invite(expires_hours=2.0, uses=1))
            dora = await self.player("dora", 4)
            await self.fails(Refused, "invitation_used_up", dora.join(code))

        return self.run_async(life())


class ReturnTests(PartyCase):
    """Restarts of nodes and of the server."""

    def test_restart(self) -> Deferred[None]:
        """A node that stops takes all down and keeps its party; started again it is back with the same address."""

        async def life() -> None:
            anna, bert, created, joined = await self.party()
            for player, address in ((bert, joined["address"]), (anna, created["address"])):
                await player.stop()
                await player.start()
                self.assertEqual(([f"{address}/24"], ["lanrage-wg0"]), player.machinery.standing)
                await self.until_paths(anna, bert)
            self.assertIn("anna in", anna.node.greeting("")[0])
            code = (await anna.node.invite(expires_hours=1.0, uses=1))["code"]
            self.assertTrue(code.startswith("LR1-"))

        return self.run_async(life())

    def test_server_gone_and_back(self) -> Deferred[None]:
        """Without its server a party plays on and says so; when the server is back, so is the node."""

        async def life() -> None:
            anna, bert, created, _ = await self.party()
            port = int(self.server_address.rpartition(":")[2])
            await self.unserve()

            async def states() -> list[str]:
                return [(await player.node.status())["state"] for player in (anna, bert)]

            async def offline() -> bool:
                return await states() == ["in-party-offline"] * 2

            await self.until(offline)
            self.assertEqual({"bert": "direct"}, await anna.paths())
            self.assertFalse((await anna.node.status())["control"]["connected"])
            await bert.stop()
            await bert.start()
            self.assertEqual("in-party-offline", (await bert.node.status())["state"])
            self.assertEqual(1, len(bert.machinery.standing[0]))
            await self.serve(port)

            async def online() -> bool:
                return await states() == ["in-party"] * 2

            await self.until(online)
            await self.until_paths(anna, bert)
            carl = await self.player("carl", 3)
            await carl.join(created["code"])
            await self.until_paths(anna, bert, carl)

        return self.run_async(life())

    def test_removed_while_away(self) -> Deferred[None]:
        """A member that left while this node was off is gone at its return, before and after the server's word."""

        async def life() -> None:
            anna, bert, _, _ = await self.party()
            await anna.stop()
            await bert.node.leave_party()
            await anna.start()
            await self.until(lambda: not anna.machinery.memory.routes)
            self.assertEqual({}, await anna.paths())

        return self.run_async(life())


def _first(member: dict[str, Any]) -> tuple[str, str, bool, bool]:
    return member["name"], member["address"], member["online"], member["me"]
