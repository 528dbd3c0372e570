"""What a relay logs of bindings with a known operation."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.relay_names import BURST, RelayNames
from lanrage.core.identity import fingerprint
from lanrage.core.relay import Named, Unbind
from tests.core.relay_desk import ANNA, Desk
from tests.core.relay_world import PARTY, holder
from tests.log_tape import start_tape


class NamesTests(SynchronousTestCase):
    """One line as it is bound, one as it ends."""

    def setUp(self) -> None:
        self.tape, self.desk = start_tape(self), Desk()
        self.desk.relay.table.names = RelayNames(lambda: 0.0)

    def test_lines(self) -> None:
        """Each with operation, party and holder, by which the nodes' lines are found."""
        bind = self.desk.proof(ANNA, "anna", "ben")
        self.desk.say(ANNA, bind)
        self.desk.say(ANNA, Named(bind.transaction, "join-1"))
        self.desk.say(ANNA, Unbind(bind.transaction))
        whose = ("join-1", PARTY.hex(), fingerprint(holder("anna").public).hex(), ANNA.local)
        wanted = [
            ("info", "an end of a pair is bound at port {port}", *whose),
            ("info", "an end of a pair is bound no more at port {port}", *whose),
        ]
        self.assertEqual(wanted, self.tape.of("relay", "correlation_id", "party_id", "peer_id", "port"))

    def test_bounded(self) -> None:
        """Who binds anew without end does not fill the disk."""
        for number in range(int(BURST) + 20):
            bind = self.desk.proof(ANNA, "anna", "ben")
            self.desk.say(ANNA, bind)
            self.desk.say(ANNA, Named(bind.transaction, f"join-{number}"))
            self.desk.relay.now += 1
        self.assertEqual(BURST, len(self.tape.of("relay")))
