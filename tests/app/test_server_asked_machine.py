"""Whatever becomes of servers: each that there is, is asked, and questions lead nowhere else (table, pace, queries)."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.internet.defer import fail
from twisted.internet.task import Clock

from lanrage.app.server_queries import ServerQueries
from lanrage.core.game_server import ServerFacts
from lanrage.core.query_pace import ANSWER_WITHIN, JITTER, OUTSTANDING, SILENT, QueryPace
from lanrage.core.server_browser import ServerTable
from lanrage.core.server_entry import ServerKey
from lanrage.errors import Unreachable
from tests.fakes_servers import FakeClient
from tests.strategies_servers import ADDRESSES, ORIGINS, sighting

MEMBER = st.integers(0, 2)
PORTS = st.integers(1, 3)
EVERY = SILENT[1] * (1 + JITTER) + ANSWER_WITHIN
"""Seconds between two questions to one server at the most."""


class AskedMachine(RuleBasedStateMachine):
    """Servers come, fall silent, end and come back in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.table, self.client = Clock(), ServerTable(), FakeClient()
        self.pace = QueryPace(lambda: 0.5)
        self.queries = ServerQueries(
            self.clock,
            self.table,
            self.client,
            lambda *_: fail(Unreachable("nobody")),
            self.pace,
            source=lambda server: "",
            excuse=lambda server: "",
            changed=self.settle,
        )
        self.queries.start()

    def settle(self) -> None:
        """As the browser does."""
        changes, self.table.changes = self.table.changes, []
        if changes or self.queries.outdated:
            self.queries.follow()

    @rule(member=MEMBER, ports=st.sets(PORTS))
    def detected(self, member: int, ports: set[int]) -> None:
        """A member's node tells what runs there."""
        self.table.detected(ORIGINS[member], [sighting(member, port) for port in sorted(ports)], self.clock.seconds())
        self.settle()

    @rule(member=MEMBER, port=PORTS, answers=st.booleans())
    def answers(self, member: int, port: int, answers: bool) -> None:
        """A server answers from now on, or does not."""
        place = ADDRESSES[member], port
        if answers:
            self.client.servers[place] = ServerFacts("quake3", "Arena")
        else:
            self.client.servers.pop(place, None)

    @rule(member=MEMBER, port=PORTS, unfollowed=st.booleans())
    def ended(self, member: int, port: int, unfollowed: bool) -> None:
        """One says goodbye; perhaps it is due before anybody has followed."""
        self.table.heard(sighting(member, port, facts=ServerFacts("quake3", closing=True)), self.clock.seconds())
        if not unfollowed:
            self.settle()

    @rule(member=MEMBER, port=PORTS, gap=st.floats(0.5, 2 * EVERY))
    def silent_end(self, member: int, port: int, gap: float) -> None:
        """One answers, falls silent, ends while it is, and is back after a while."""
        self.hold(False)
        self.answers(member, port, True)
        self.detected(member, {port})
        self.run(EVERY)
        self.answers(member, port, False)
        self.run(EVERY)
        assert self.table.known()
        assert ADDRESSES[member] not in {each.origin.address for each in self.table.all()}
        self.detected(member, set())
        self.run(gap)
        self.detected(member, {port})

    @rule(holding=st.booleans())
    def hold(self, holding: bool) -> None:
        """Answers take their time, or come at once."""
        self.client.holding = holding
        if not holding:
            self.client.release()

    @rule(seconds=st.floats(0.1, 12.0))
    def wait(self, seconds: float) -> None:
        """Time passes; what is held back comes within its time."""
        self.run(seconds)

    @rule()
    def all_are_asked(self) -> None:
        """Within the longest pause each server that there is was asked, where the answers come."""
        self.hold(False)
        self.settle()
        since = len(self.client.asked)
        self.run(EVERY)
        asked = {(host, port) for _, host, port, _ in self.client.asked[since:]}
        assert {server.key for server in self.table.known()} <= asked

    @invariant()
    def followed(self) -> None:
        """Nothing under way is for nobody once the table was followed."""
        keys: set[ServerKey] = {server.key for server in self.table.known()}
        if not self.queries.outdated:
            assert len(self.pace) == len(keys)
        assert len([each for each, _ in self.client.held if not each.called]) <= OUTSTANDING

    def run(self, seconds: float) -> None:
        """Small steps."""
        for _ in range(int(seconds / 0.5) + 1):
            self.clock.advance(0.5)
            self.client.release()
            self.settle()

    def teardown(self) -> None:
        """Nothing is left in the clock."""
        self.queries.stop()
        assert not self.clock.getDelayedCalls()


AskedTests = AskedMachine.TestCase
AskedTests.settings = settings(max_examples=25, stateful_step_count=15)
