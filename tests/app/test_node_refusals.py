"""What a node refuses, and what is refused to it: each with its word and a sentence, and nothing is left behind."""

from __future__ import annotations

import time
from ipaddress import IPv4Network
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from lanrage.core.code import InvitationCode
from lanrage.errors import BadInput, LanrageError, MissingRight, Refused, Unreachable
from lanrage.net.rights import Rights
from lanrage.store.replica import FILE
from tests.app.node_world import ALL_RIGHTS, NodeCase, PartyCase, Player, taken

reactor: Any = _reactor
NO_RIGHTS = Rights(False, False, False, True, True, True)


class RefusedTests(NodeCase):
    """Before a node is in a party."""

    async def idle(self, player: Player) -> None:
        """The node is in no party, and nothing of one is on its machine or disk."""
        self.assertEqual("idle", (await player.node.status())["state"])
        self.assertEqual(([], []), player.machinery.standing)
        self.assertFalse((player.folder / "state" / FILE).exists())

    async def refused(self, player: Player, code: str, work: Any, kind: type[LanrageError] = Refused) -> str:
        """The work is refused, and the node stays idle."""
        sentence = await self.fails(kind, code, work)
        await self.idle(player)
        return sentence

    def test_codes(self) -> Deferred[None]:
        """No code, a code with a typo, one of another invitation, of another server, and of a server that is gone."""

        async def life() -> None:
            await self.serve()
            anna, bert = await self.player("anna", 1), await self.player("bert", 2)
            created = await anna.create()
            good = InvitationCode.decode(created["code"])
            for wrong in ("nonsense", created["code"][:-1], "LR1-" + created["code"][5:] + "A"):
                self.assertIn("code", await self.refused(bert, "bad_input", bert.join(wrong), BadInput))
            unknown = InvitationCode(b"x" * 16, good.party_id, good.server, good.addresses).encode()
            await self.refused(bert, "unknown_invitation", bert.join(unknown))
            elsewhere = InvitationCode(good.secret, good.party_id, b"y" * 16, good.addresses).encode()
            await self.refused(bert, "crypto", bert.join(elsewhere), LanrageError)
            gone = InvitationCode(good.secret, good.party_id, good.server, ("127.0.0.1:9",)).encode()
            sentence = await self.refused(bert, "unreachable", bert.join(gone), Unreachable)
            self.assertIn("127.0.0.1:9", sentence)
            self.assertEqual(2, (await bert.join(created["code"]))["members"])

        return self.run_async(life())

    def test_names_and_limits(self) -> Deferred[None]:
        """A taken name, a full party, an expired invitation."""

        async def life() -> None:
            await self.serve()
            anna = await self.player("anna", 1)
            created = await anna.create(max_members=2)
            short = (await anna.node.invite(expires_hours=1 / 3600, uses=1))["code"]
            made = time.monotonic()
            bert, carl = await self.player("bert", 2), await self.player("carl", 3)
            await self.refused(bert, "name_taken", bert.join(created["code"], "ANNA"))
            await bert.join(created["code"])
            sentence = await self.refused(carl, "party_full", carl.join(created["code"]))
            self.assertIn("2", sentence)
            await deferLater(reactor, max(0.0, made + 2.1 - time.monotonic()), lambda: None)
            await self.refused(carl, "invitation_expired", carl.join(short))

        return self.run_async(life())

    def test_subnet_clash(self) -> Deferred[None]:
        """A founder takes a subnet clear of its networks; a joiner whose networks overlap is told of them."""

        async def life() -> None:
            await self.serve()
            anna, bert = await self.player("anna", 1), await self.player("bert", 2)
            anna.machinery.memory.routed = [IPv4Network("10.64.0.0/12")]
            created = await anna.create()
            subnet = IPv4Network(created["subnet"])
            self.assertFalse(subnet.overlaps(IPv4Network("10.64.0.0/12")))
            bert.machinery.memory.routed = [IPv4Network("192.168.0.0/16"), subnet.supernet(new_prefix=16)]
            sentence = await self.refused(bert, "subnet_clash", bert.join(created["code"]))
            for told in (str(subnet), str(subnet.supernet(new_prefix=16))):
                self.assertIn(told, sentence)
            self.assertEqual(1, len((await anna.node.show_party())["members"]))

        return self.run_async(life())

    def test_missing_rights_and_ports(self) -> Deferred[None]:
        """What this machine lacks is told before the server hears of us."""

        async def life() -> None:
            server = await self.serve()
            anna = await self.player("anna", 1)
            anna.rights = NO_RIGHTS
            sentence = await self.refused(anna, "missing_right", anna.create(), MissingRight)
            self.assertIn("CAP_NET_ADMIN", sentence)
            self.assertEqual(NO_RIGHTS.missing(), (await anna.node.status())["missing"])
            self.assertEqual(NO_RIGHTS.missing(), (await anna.node.diagnose())["missing"])
            await anna.stop()
            await anna.start()
            self.assertIn("CAP_NET_ADMIN", anna.node.greeting("HOST:1")[0])
            anna.rights = ALL_RIGHTS
            anna.machinery.refuses = taken("wireguard-port")
            sentence = await self.refused(anna, "bad_input", anna.create(), BadInput)
            self.assertIn("wireguard-port", sentence)
            self.assertEqual(0, server.status()["parties"])
            anna.machinery.refuses = None
            await anna.create()

        return self.run_async(life())

    def test_servers(self) -> Deferred[None]:
        """No server given nor set, an address that is none, and one where nobody listens."""

        async def life() -> None:
            self.server_address = ""
            anna = await self.player("anna", 1)
            for wrong in ("", "nonsense", "host:0", "host:99999"):
                self.assertIn("server", await self.refused(anna, "bad_input", anna.create(server=wrong), BadInput))
            await self.refused(anna, "unreachable", anna.create(server="127.0.0.1:9"), Unreachable)

        return self.run_async(life())

    def test_not_in_party(self) -> Deferred[None]:
        """Leave, show and invite need a party."""

        async def life() -> None:
            anna = await self.player("anna", 1)
            await self.refused(anna, "not_in_party", anna.node.leave_party())
            await self.refused(anna, "not_in_party", anna.node.show_party())
            await self.refused(anna, "not_in_party", anna.node.invite(expires_hours=1.0, uses=1))

        return self.run_async(life())

    def test_device_that_cannot_be_made(self) -> Deferred[None]:
        """A card that fails at the last step: the party is left again, the address stays ours for the next try."""

        async def life() -> None:
            await self.serve()
            anna, bert = await self.player("anna", 1), await self.player("bert", 2)
            created = await anna.create()
            bert.machinery.broken = MissingRight("/dev/net/tun is not there")
            await self.refused(bert, "missing_right", bert.join(created["code"]), MissingRight)
            assert self.server is not None
            self.assertEqual(1, self.server.status()["members"])
            bert.machinery.broken = None
            joined = await bert.join(created["code"])
            self.assertEqual(created["subnet"].replace(".0/24", ".2"), joined["address"])

        return self.run_async(life())

    def test_before_the_start(self) -> Deferred[None]:
        """A node that is still starting says so; one whose key others may read waits until that is mended."""

        async def life() -> None:
            anna = Player(self, "anna", 1)
            self.assertEqual("starting", (await anna.node.status())["state"])
            self.assertIn("still starting", await self.fails(LanrageError, "error", anna.create()))
            await anna.start()
            await anna.stop()
            key = anna.folder / "state" / "identity.key"
            key.chmod(0o644)
            await anna.start()
            told = f"tries again by itself: {key} has mode 0644, others may read it; set it to 0600"
            self.assertIn(told, await self.fails(LanrageError, "error", anna.create()))
            self.assertIn(told, (await anna.node.status())["missing"][0])
            self.assertIn(told, anna.node.greeting("")[0])
            key.chmod(0o600)

            async def up() -> bool:
                return bool((await anna.node.status())["state"] == "idle")

            await self.until(up)
            self.assertEqual([], (await anna.node.status())["missing"])

        return self.run_async(life())


class InPartyTests(PartyCase):
    """While a node is in a party."""

    def test_already_in_party(self) -> Deferred[None]:
        """A second party is refused, and the first one goes on."""

        async def life() -> None:
            anna, bert, created, _ = await self.party()
            await self.fails(Refused, "already_in_party", anna.create())
            await self.fails(Refused, "already_in_party", bert.join(created["code"]))
            await self.until_paths(anna, bert)

        return self.run_async(life())

    def test_damaged_party_file(self) -> Deferred[None]:
        """A party file that cannot be read is set aside and named; joining again gives the same address."""

        async def life() -> None:
            _, bert, created, joined = await self.party()
            await bert.stop()
            path = bert.folder / "state" / FILE
            path.write_bytes(path.read_bytes()[:-40])
            await bert.start()
            status = await bert.node.status()
            self.assertEqual("idle", status["state"])
            (sentence,) = status["missing"]
            self.assertIn(str(path), sentence)
            self.assertIn("set aside", sentence)
            self.assertTrue(path.with_name(f"{FILE}.damaged").exists())
            self.assertEqual(joined["address"], (await bert.join(created["code"]))["address"])
            self.assertEqual([], (await bert.node.status())["missing"])

        return self.run_async(life())

    def test_forged_party_file(self) -> Deferred[None]:
        """A party file whose charter does not hold brings nobody into a party."""

        async def life() -> None:
            _, bert, created, _ = await self.party()
            await bert.stop()
            path = bert.folder / "state" / FILE
            path.write_text(path.read_text("ascii").replace(created["party_id"], "ab" * 16), "ascii")
            await bert.start()
            status = await bert.node.status()
            self.assertEqual("idle", status["state"])
            self.assertIn("the charter is of another party", status["missing"][0])

        return self.run_async(life())

    def test_devices_missing_at_return(self) -> Deferred[None]:
        """A node that cannot take part at its start says why, keeps its party, and comes in when it can."""

        async def life() -> None:
            anna, bert, _, joined = await self.party()
            await bert.stop()
            bert.machinery.broken = MissingRight("/dev/net/tun is not there")
            await bert.start()
            status = await bert.node.status()
            self.assertEqual(("in-party-without-card", None), (status["state"], status["card"]))
            self.assertIn("/dev/net/tun is not there", status["missing"][0])
            await self.fails(Refused, "already_in_party", bert.create())
            bert.machinery.broken = None
            await self.until_paths(anna, bert)
            status = await bert.node.status()
            self.assertEqual(("in-party", []), (status["state"], status["missing"]))
            self.assertEqual(joined["address"], status["card"]["address"])

        return self.run_async(life())

    def test_progress(self) -> Deferred[None]:
        """What the user hears while waiting."""

        async def life() -> None:
            await self.serve()
            anna = await self.player("anna", 1)
            said: list[str] = []
            await anna.create(progress=said.append)
            expected = [
                f"connecting to {self.server_address}",
                "founding the party",
                "making the invitation",
                "bringing the LAN card up",
            ]
            self.assertEqual(expected, said)

        return self.run_async(life())

    def test_stop_leaves_nothing(self) -> Deferred[None]:
        """After the stop of nodes and server no timer waits, at whatever moment it comes."""

        async def life() -> None:
            for pause in (None, 0.0, 0.02, 0.3):
                await self.serve()
                anna, bert = await self.player(f"anna{pause}", 1), await self.player(f"bert{pause}", 2)
                created = await anna.create()
                joining = Deferred.fromCoroutine(bert.join(created["code"]))
                if pause is not None:
                    await joining
                    await deferLater(reactor, pause, lambda: None)
                await bert.stop()
                await joining
                await anna.stop()
                await self.unserve()
                self.underlay.close()
                self.underlay.hosts.clear()
                self.assertEqual([], [call for call in reactor.getDelayedCalls() if call is not self._own_timeout()])

        return self.run_async(life())

    def _own_timeout(self) -> Any:
        """The timer of trial itself."""
        calls = reactor.getDelayedCalls()
        return next((call for call in calls if "onTimeout" in str(call.func)), None)
