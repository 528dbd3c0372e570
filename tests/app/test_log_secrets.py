"""No secret of a party's life is in the log, at any level, in any form."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.control import ControlService, ControlSettings
from lanrage.core.admission import Registration
from lanrage.core.certificates import invite_key
from lanrage.core.code import InvitationCode
from lanrage.core.redaction import REDACTED
from lanrage.core.spoken import SpokenCode
from lanrage.logs.carry import carry_timers
from tests.app.node_world import REFLECTOR, RELAY, PartyCase, reactor
from tests.log_tape import Tape, start_tape

TOKEN = "open sesame, friend of the house"


def forms(secret: bytes) -> set[str]:
    """The ways in which secret bytes could stand in a text."""
    plain, safe = base64.b64encode(secret).decode(), base64.urlsafe_b64encode(secret).decode()
    shown = repr(secret)[2:-1]
    texts = {secret.hex(), secret.hex().upper(), plain, safe, shown, str(list(secret))}
    return {text.rstrip("=") for text in texts}


def key_files(folder: Path) -> list[bytes]:
    """All private keys below a folder."""
    return [base64.b64decode(path.read_bytes()) for path in sorted(folder.rglob("*.key"))]


@attrs.define
class Secrets:
    """What must not be seen."""

    texts: set[str] = attrs.Factory(set)

    def invitation(self, code: str) -> None:
        """An invitation code, and what it is made of."""
        inside = InvitationCode.decode(code)
        self.texts |= {code, code[4:]} | forms(inside.secret)
        self.texts |= forms(invite_key(inside.secret, inside.party_id).seed)

    def spoken(self, code: str) -> None:
        """A spoken code, as it is read out and without its dashes, and its password."""
        self.texts |= {code, code.replace("-", ""), code.lower()} | forms(SpokenCode.decode(code).password)

    def keys(self, keys: Iterable[bytes]) -> None:
        """Private keys."""
        for key in keys:
            self.texts |= forms(key)

    def seen_in(self, text: str) -> list[str]:
        """Those that are in a text."""
        return sorted(secret for secret in self.texts if secret in text)


class SecretTests(PartyCase):
    """A server that wants a token; a party that is founded, joined twice, governed and left."""

    async def serve(self, port: int = 0) -> ControlService:
        """See :meth:`NodeCase.serve`."""
        folder, listen = self.folder / "server", f"tcp:{port}:interface=127.0.0.1"
        settings = ControlSettings(folder, listen, (str(REFLECTOR),), (RELAY,))
        settings = attrs.evolve(settings, registration=Registration("token", TOKEN))
        self.server = server = ControlService(reactor, settings)
        server.startService()
        await server.started
        self.running.insert(0, server)
        self.server_address = f"127.0.0.1:{server.address.port}"
        return server

    def test_no_secret(self) -> Deferred[None]:
        """Codes, tokens and private keys that were used are in no line, at DEBUG."""
        return self.run_async(self._no_secret())

    async def _no_secret(self) -> None:
        self.addCleanup(carry_timers(reactor))
        tape, secrets = start_tape(self), Secrets({TOKEN})
        await self._life(secrets)
        secrets.keys(key_files(self.folder))
        self.assertEqual([], secrets.seen_in(tape.text))
        self.assertEqual(
            [], [line for line in tape.text.splitlines() if REDACTED in line], "the second line of defence"
        )
        self._saw_all(tape)

    async def _life(self, secrets: Secrets) -> None:
        await self.serve()
        anna, bert, carl = [await self.player(name, number) for number, name in enumerate(("anna", "bert", "carl"), 1)]
        created = await anna.create(token=TOKEN)
        secrets.keys(key_files(self.folder))
        secrets.invitation(created["code"])
        await bert.join(created["code"])
        told: dict[str, Any] = await anna.node.invite(expires_hours=1.0, uses=None, spoken=True)
        secrets.invitation(told["code"])
        secrets.spoken(told["spoken"]["code"])
        await carl.join(told["spoken"]["code"])
        await self.until_paths(anna, bert, carl)
        await anna.node.kick(member="bert")
        await carl.node.leave_party()
        await anna.stop()
        await anna.start()
        await anna.node.leave_party()

    def _saw_all(self, tape: Tape) -> None:
        """The test has looked at a whole life."""
        events = {line["event"] for line in tape.lines}
        expected = {"the party {name} is founded", "a spoken code was made, for {lifetime:.0f} s"}
        expected |= {"link to {peer} is up after {ms:.0f} ms", "this node leaves its party"}
        self.assertEqual(set(), expected - events)
        self.assertEqual({"debug", "info"}, {line["level"] for line in tape.lines} & {"debug", "info"})
