"""Spoken codes from one user's mouth to another's keyboard: whole nodes, a real control server on loopback."""

from __future__ import annotations

import os
import time
from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher

from lanrage.app.control import ControlService, ControlSettings
from lanrage.app.spoken_desk import BURNT, LOST
from lanrage.core.code import InvitationCode
from lanrage.core.identity import fingerprint
from lanrage.core.mailboxes import LIFETIME, Letter, Mailboxes
from lanrage.core.pairing import Context, Joiner
from lanrage.core.spoken import SpokenCode
from lanrage.errors import BadInput, Refused
from tests.app.node_world import PartyCase, Player, reactor


@attrs.define
class Forger(Mailboxes):
    """A control server that puts its own letter in place of the one that has this number."""

    number: int = 0
    forge: Any = None

    def post(self, identity: bytes, nameplate: int, payload: bytes, now: float) -> Letter:
        """See :class:`Mailboxes`."""
        box = self._open.get(nameplate)
        count = box.letters if box is not None else -1
        letter = super().post(identity, nameplate, payload, now)
        return attrs.evolve(letter, payload=self.forge(box, letter)) if count == self.number else letter


class SpokenCase(PartyCase):
    """Anna reads a code out, Bert types it."""

    async def told(self, anna: Player, **wishes: Any) -> dict[str, Any]:
        """A spoken code of Anna's."""
        return await anna.node.invite(**({"expires_hours": 1.0, "uses": None, "spoken": True} | wishes))

    async def founded(self) -> tuple[Player, Player]:
        """Anna has a party; Bert's node runs."""
        await self.serve()
        anna, bert = await self.player("anna", 1), await self.player("bert", 2)
        await anna.create()
        return anna, bert

    async def ready(self) -> tuple[Player, Player, dict[str, Any]]:
        """Anna has told a code as well."""
        anna, bert = await self.founded()
        return anna, bert, await self.told(anna)

    async def until_void(self, anna: Player) -> None:
        """No code of Anna's waits any more."""
        await self.until(lambda: len(anna.node._spoken or ()) == 0)

    async def until_connected(self, anna: Player) -> None:
        """Anna's node has its server again."""
        await self.until(lambda: anna.node._life and anna.node._life.link and anna.node._life.link.client.connected)

    async def missing(self, player: Player) -> list[str]:
        """What a node's status says it lacks."""
        missing: list[str] = (await player.node.status())["missing"]
        return missing

    def use(self, mailboxes: Mailboxes) -> None:
        """Let the control server have other mailboxes."""
        assert self.server is not None
        desk = self.server._desk
        assert desk is not None
        desk._requests = attrs.evolve(desk._requests, mailboxes=mailboxes)


class JoiningTests(SpokenCase):
    """What works, and what is refused with which word."""

    def test_join(self) -> Deferred[None]:
        """The code, typed as people type, brings Bert in; nobody else can use it or its invitation again."""

        async def life() -> None:
            anna, bert, invited = await self.ready()
            carl = await self.player("carl", 3)
            spoken = invited["spoken"]
            self.assertEqual((600.0, self.server_address), (spoken["lifetime_s"], spoken["server"]))
            stages: list[str] = []
            typed = spoken["code"].lower().replace("-", " ").replace("0", "o")
            joined = await bert.node.join_party(typed, member_name="bert", progress=stages.append)
            self.assertEqual((2, joined["party_id"]), (joined["members"], (await anna.node.show_party())["party_id"]))
            self.assertIn("proving the spoken code to the node that made it", stages)
            await self.until_paths(anna, bert)
            await self.fails(Refused, "code_burnt", carl.join(spoken["code"]))
            await self.fails(Refused, "invitation_used_up", carl.join(invited["code"]))
            self.assertEqual([[], []], [await self.missing(anna), await self.missing(bert)])

        return self.run_async(life())

    def test_two_codes_and_two_uses(self) -> Deferred[None]:
        """Several codes at one time, each for one friend; an invitation with more uses still counts each code once."""

        async def life() -> None:
            anna, bert, first = await self.ready()
            carl = await self.player("carl", 3)
            second = await self.told(anna, uses=2)
            await carl.join(second["spoken"]["code"])
            await bert.join(first["spoken"]["code"])
            await self.until_paths(anna, bert, carl)
            await carl.node.leave_party()
            await self.fails(Refused, "code_burnt", carl.join(second["spoken"]["code"]))
            self.assertEqual(3, (await carl.join(second["code"]))["members"])

        return self.run_async(life())

    def test_link(self) -> Deferred[None]:
        """The link of the founder's code, and an address of the server that the code does not hold."""

        async def life() -> None:
            await self.serve()
            anna, bert = await self.player("anna", 1), await self.player("bert", 2)
            created = await anna.create()
            self.assertEqual(f"lanrage://{self.server_address}/join#{created['code']}", created["link"])
            moved = attrs.evolve(InvitationCode.decode(created["code"]), addresses=("127.0.0.1:1",))
            joined = await bert.node.join_party(moved.link(), member_name="bert", server=self.server_address)
            self.assertEqual(2, joined["members"])
            plain = await anna.node.invite(expires_hours=1.0, uses=1)
            self.assertEqual((InvitationCode.decode(plain["code"]).link(), None), (plain["link"], plain["spoken"]))

        return self.run_async(life())

    def test_wrong_code_three_times(self) -> Deferred[None]:
        """The first wrong guess burns the code, Anna is told, and from then on the right one is of no use either."""

        async def life() -> None:
            anna, bert, invited = await self.ready()
            right = SpokenCode.decode(invited["spoken"]["code"])
            guess = right.password[:-1] + (b"A" if right.password[-1:] != b"A" else b"B")
            wrong = SpokenCode(right.nameplate, guess).encode()
            await self.fails(Refused, "wrong_code", bert.join(wrong))
            await self.until_void(anna)
            self.assertEqual([BURNT], await self.missing(anna))
            for code in (wrong, wrong, right.encode()):
                await self.fails(Refused, "code_burnt", bert.join(code))
            await bert.join((await self.told(anna))["spoken"]["code"])
            self.assertEqual([], await self.missing(anna))

        return self.run_async(life())

    def test_typo_and_unknown(self) -> Deferred[None]:
        """A typo is told before anybody is asked; a good code that this server does not know is another thing."""

        async def life() -> None:
            _, bert, invited = await self.ready()
            code = invited["spoken"]["code"]
            typo = ("1" if code[0] != "1" else "2") + code[1:]
            self.assertIn("the first group looks wrong", await self.fails(BadInput, "bad_input", bert.join(typo)))
            known = SpokenCode.decode(code)
            unknown = SpokenCode((known.nameplate + 1) % 2**20, known.password).encode()
            await self.fails(Refused, "no_such_code", bert.join(unknown))
            await bert.join(code)

        return self.run_async(life())

    def test_expired(self) -> Deferred[None]:
        """A code is of no use after ten minutes, and the refusal says so."""

        async def life() -> None:
            anna, bert = await self.founded()
            assert self.server is not None
            self.server._desk._now = lambda: time.time() - LIFETIME  # type: ignore[union-attr]
            code = (await self.told(anna))["spoken"]["code"]
            self.server._desk._now = time.time  # type: ignore[union-attr]
            await self.fails(Refused, "code_expired", bert.join(code))

        return self.run_async(life())

    def test_inviter_goes(self) -> Deferred[None]:
        """Its node off, its party left, its server restarted: each voids the code with a word of its own."""

        async def life() -> None:
            anna, bert, invited = await self.ready()
            await anna.stop()
            await self.fails(Refused, "inviter_offline", bert.join(invited["spoken"]["code"]))
            await anna.start()
            await self.until_connected(anna)
            invited = await self.told(anna)
            assert self.server is not None
            port = self.server.address.port
            await self.unserve()
            await self.until_void(anna)
            self.assertEqual([LOST], await self.missing(anna))
            await self.serve(port)
            await self.fails(Refused, "no_such_code", bert.join(invited["spoken"]["code"]))
            await self.until_connected(anna)
            invited = await self.told(anna)
            await anna.node.leave_party()
            await self.fails(Refused, "inviter_offline", bert.join(invited["spoken"]["code"]))
            self.assertEqual([], await self.missing(anna))

        return self.run_async(life())

    def test_no_server_named(self) -> Deferred[None]:
        """Without a server the user is told what is lacking; a guest makes no codes."""

        async def life() -> None:
            anna, bert, invited = await self.ready()
            address, self.server_address = self.server_address, ""
            await bert.stop()
            await bert.start()
            code = invited["spoken"]["code"]
            self.assertIn("server: a spoken code needs", await self.fails(BadInput, "bad_input", bert.join(code)))
            await self.fails(BadInput, "bad_input", bert.node.join_party(code, member_name="b", server="nonsense"))
            await bert.node.join_party(code, member_name="bert", server=address)
            await self.fails(Refused, "not_allowed", self.told(bert))
            self.assertEqual((0, 0), (len(bert.node._spoken or ()), len(anna.node._spoken or ())))
            assert self.server is not None
            await self.until(lambda: len(self.server._desk._requests.mailboxes) == 0)  # type: ignore[union-attr]

        return self.run_async(life())

    def test_nothing_secret_in_logs(self) -> Deferred[None]:
        """Neither of the code nor of the invitation behind it, on any of the three sides, in good runs and bad."""
        lines: list[str] = []

        def look(event: LogEvent) -> None:
            lines.append(f"{formatEvent(event)} {event!r}")

        observer = cast(ILogObserver, look)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

        async def life() -> None:
            anna, bert, invited = await self.ready()
            again = await self.told(anna)
            right = SpokenCode.decode(again["spoken"]["code"])
            await self.fails(Refused, "wrong_code", bert.join(SpokenCode(right.nameplate, b"000000").encode()))
            await bert.join(invited["spoken"]["code"])
            text = "\n".join(lines)
            self.assertIn("proved the spoken code", text)
            for secret in (invited, again):
                code = SpokenCode.decode(secret["spoken"]["code"])
                for word in (secret["code"], secret["code"][:40], code.encode(), code.password.decode()):
                    self.assertNotIn(word, text)

        return self.run_async(life())


class HostileServerTests(SpokenCase):
    """A control server that lies about mailboxes gets no code, and nobody joins by it."""

    async def refused(self, word: str, bert: Player, invited: dict[str, Any]) -> None:
        """Bert is refused and in no party."""
        await self.fails(Refused, word, bert.join(invited["spoken"]["code"]))
        await self.fails(Refused, "not_in_party", bert.node.show_party())

    def test_garbage(self) -> Deferred[None]:
        """Any letter replaced by other bytes ends the exchange; Anna is told unless it was her last one."""

        async def life() -> None:
            anna, bert = await self.founded()
            for number in range(4):
                self.use(Forger(anna.node._random, number, lambda _, letter: bytes(len(letter.payload))))
                invited = await self.told(anna)
                await self.refused("code_burnt" if number in (0, 2) else "wrong_code", bert, invited)
                await self.until_void(anna)
                self.assertEqual([BURNT] if number < 3 else [], await self.missing(anna))

        return self.run_async(life())

    def test_somebody_between_who_guesses(self) -> Deferred[None]:
        """A server that answers in Bert's place with a guess of its own learns nothing, and burns the code."""
        joiners: list[Joiner] = []

        def begin(box: Any, letter: Letter) -> bytes:
            assert self.server is not None
            assert self.server.key is not None
            context = Context(box.party_id, box.opener, letter.sender, self.server.key.public, box.nameplate)
            joiners.append(Joiner(context, b"GVESS0", os.urandom))
            return joiners[-1].start()

        async def life() -> None:
            anna, bert = await self.founded()
            self.use(Forger(anna.node._random, 0, begin))
            invited = await self.told(anna)
            await self.refused("wrong_code", bert, invited)
            await self.until_void(anna)
            self.assertEqual([BURNT], await self.missing(anna))
            self.assertEqual([None], [joiner.code for joiner in joiners])

        return self.run_async(life())

    def test_another_server_in_between(self) -> Deferred[None]:
        """Bert was sent to a false server, which passes every letter on unchanged: its other key gives it away."""

        async def life() -> None:
            anna, bert, invited = await self.ready()
            assert self.server is not None
            false = ControlService(reactor, ControlSettings(self.folder / "false", "tcp:0:interface=127.0.0.1"))
            false.startService()
            await false.started
            self.running.insert(0, false)
            real, wrong = self.server._desk, false._desk
            assert real is not None
            assert wrong is not None
            wrong._requests, wrong.sessions = real._requests, real.sessions
            server = f"127.0.0.1:{false.address.port}"
            work = bert.node.join_party(invited["spoken"]["code"], member_name="bert", server=server)
            await self.fails(Refused, "wrong_code", work)
            await self.until_void(anna)
            self.assertEqual([BURNT], await self.missing(anna))
            self.assertNotEqual(fingerprint(false.key.public), fingerprint(self.server.key.public))  # type: ignore[union-attr]

        return self.run_async(life())
