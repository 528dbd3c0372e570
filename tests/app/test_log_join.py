"""A join's log lines: the party on each line of both nodes, the operation's id on each that the join leads to."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from lanrage.core.identity import fingerprint
from lanrage.log_context import context
from lanrage.logs.carry import carry_timers
from tests.app.node_world import PartyCase, reactor
from tests.log_tape import start_tape

NODES = frozenset("party connection nat network broadcast control_client".split())
"""Subsystems of a node."""
PATH = "path to {peer} is now {kind} {endpoint}: {reason}"


class JoinTests(PartyCase):
    """Bert joins Anna's party, both in one process with the control server."""

    def test_join(self) -> Deferred[None]:
        """No line of either node is without the party; Bert's have his operation's id, over timers and sockets."""
        return self.run_async(self._join())

    async def _join(self) -> None:
        self.addCleanup(carry_timers(reactor))
        await self.serve()
        anna, bert = await self.player("anna", 1), await self.player("bert", 2)
        with context(correlation_id="create-1"):
            created = await anna.create()
        tape = start_tape(self)
        with context(correlation_id="join-1"):
            await bert.join(created["code"])
        await self.until_paths(anna, bert)
        lines = [line for line in tape.lines if line["subsystem"] in NODES]
        self.assertEqual([], [self._told(line) for line in lines if line["party_id"] != created["party_id"]])
        me: Any = bert
        self._story(lines, fingerprint(me.node._life.keys.identity.public).hex())
        self._peers(lines, anna, bert)
        self._server(tape.of("control", "peer_id", "party_id", "kind"), bert, created["party_id"])

    def _story(self, lines: list[dict[str, Any]], bert: str) -> None:
        """What the join's id finds, in order: from the login to the path; and at Anna's node, what follows from it."""
        of_join = [line for line in lines if line["correlation_id"] == "join-1"]
        hers = [line["event"] for line in of_join if line["peer_id"] == bert]
        self.assertLessEqual({"link to {peer} begins", "link to {peer} is up after {ms:.0f} ms"}, set(hers))
        self.assertLessEqual({"{peer} is known to WireGuard", PATH}, set(hers))
        foreign = {line["correlation_id"] for line in lines if line["event"] == PATH} - {"join-1"}
        self.assertEqual(set(), foreign)
        told = [line["event"] for line in of_join if line["peer_id"] != bert]
        story = [
            "logged in at {address}, session {session}",
            "the party took {member} in",
            "the LAN plane carries for {address} on {card}",
            "in the party {name} as {member}",
            "link to {peer} begins",
            "{address} becomes a peer of {device}",
            "link to {peer} is up after {ms:.0f} ms",
        ]
        self.assertEqual(story, [event for event in dict.fromkeys(told) if event in story])

    def _peers(self, lines: list[dict[str, Any]], *players: Any) -> None:
        """Lines about a link name the member at its other end, by the id that the command line shows."""
        ids = {fingerprint(player.node._life.keys.identity.public).hex() for player in players}
        links = [line for line in lines if line["namespace"].startswith("lanrage.app.peer_link")]
        self.assertEqual(ids, {line["peer_id"] for line in links})

    def _server(self, lines: list[tuple[Any, ...]], bert: Any, party_id: str) -> None:
        """The control server's lines say who asked, and of which party."""
        me = fingerprint(bert.node._life.keys.identity.public).hex()
        asked = "session {session} asked {kind}, answered {answer}"
        self.assertIn(("info", asked, me, party_id, "JoinParty"), lines)
        self.assertIn(("debug", asked, me, party_id, "ReserveAddress"), lines)

    @staticmethod
    def _told(line: dict[str, Any]) -> tuple[str, str]:
        return line["namespace"], line["message"]
