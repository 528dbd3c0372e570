"""The relay's table against a plain model: whatever happens in whatever order, the same ends are joined."""

from __future__ import annotations

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from lanrage.core.relay import Bind, BindRequest, Bound, Challenge, Rejected, Unbind
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_table import LIFETIME
from tests.core.relay_desk import DATA, Desk
from tests.core.relay_world import WALL, ticket

NAMES = ["anna", "ben", "carl"]
LINES = [Line(f"192.0.2.{host}", 5000, local) for host in (1, 2, 3) for local in (7800, 7801)]
BINDINGS, HELD = 4, 3


@attrs.define
class End:
    """What the model knows of a binding."""

    line: Line
    owner: str
    pair: frozenset[str]
    transaction: bytes
    ticket_end: float
    until: float


class RelayMachine(RuleBasedStateMachine):
    """Bind, refresh, give up, wait, restart; after each step data tells who is joined to whom."""

    binds = Bundle("binds")

    def __init__(self) -> None:
        super().__init__()
        limits = RelayLimits(
            bindings=BINDINGS, holder_bindings=HELD, control=1e9, control_burst=1e9, packets=1e9, packets_burst=1e9
        )
        self.desk = Desk(limits)
        self.ends: dict[Line, End] = {}

    @property
    def now(self) -> float:
        """The relay's clock."""
        return self.desk.relay.now

    def peer(self, end: End) -> End | None:
        """The other end of a pair."""
        return next((each for each in self.ends.values() if each.pair == end.pair and each is not end), None)

    @rule(
        target=binds,
        line=st.sampled_from(LINES),
        owner=st.sampled_from(NAMES),
        pair=st.sampled_from([("anna", "ben"), ("anna", "carl"), ("ben", "carl")]),
        life=st.sampled_from([20, 3600]),
    )
    def bind(self, line: Line, owner: str, pair: tuple[str, str], life: int) -> tuple[Line, Bind]:
        """A holder binds, also one that is no end of the pair; a third one and one too many are refused."""
        end_of_ticket = self.now - 1000.0 + life
        bind = self.desk.proof(line, *pair, ticket(*pair, life=end_of_ticket, owner=owner), owner)
        [(to, answer), *_] = self.desk.say(line, bind)
        assert to == line
        kept = {
            at: end for at, end in self.ends.items() if at != line and (end.owner, end.pair) != (owner, frozenset(pair))
        }
        full = (
            sum(end.pair == {*pair} for end in kept.values()) > 1
            or len(kept) >= BINDINGS
            or sum(end.owner == owner for end in kept.values()) >= HELD
        )
        assert isinstance(answer, Rejected if full else Bound)
        if not full:
            real_end = int(WALL + end_of_ticket) - WALL + 1000.0
            until = min(self.now + LIFETIME, real_end)
            self.ends = kept | {line: End(line, owner, frozenset(pair), bind.transaction, real_end, until)}
            assert answer.peer_present == (self.peer(self.ends[line]) is not None)  # type: ignore[union-attr]
        return line, bind

    @rule(sent=binds)
    def refresh(self, sent: tuple[Line, Bind]) -> None:
        """By its transaction, from its line."""
        line, bind = sent
        [(to, answer), *_] = self.desk.say(line, BindRequest(bind.transaction))
        end = self.ends.get(line)
        known = end is not None and end.transaction == bind.transaction
        assert (to, type(answer)) == (line, Bound if known else Challenge)
        if known and end is not None:
            end.until = min(self.now + LIFETIME, end.ticket_end)

    @rule(sent=binds)
    def give_up(self, sent: tuple[Line, Bind]) -> None:
        """By its transaction, from its line; anything else changes nothing."""
        line, bind = sent
        self.desk.say(line, Unbind(bind.transaction))
        if line in self.ends and self.ends[line].transaction == bind.transaction:
            del self.ends[line]

    @rule(sent=binds, line=st.sampled_from(LINES))
    def replay_elsewhere(self, sent: tuple[Line, Bind], line: Line) -> None:
        """Another's BIND gets a cookie, no more."""
        if line != sent[0]:
            [(to, answer)] = self.desk.say(line, sent[1])
            assert (to, type(answer)) == (line, Challenge)

    @rule(seconds=st.sampled_from([1.0, 19.0, 59.0, 61.0]))
    def wait(self, seconds: float) -> None:
        """Bindings end."""
        self.desk.relay.now += seconds
        self.ends = {line: end for line, end in self.ends.items() if end.until > self.now}

    @rule()
    def sweep(self) -> None:
        """What the service does every few seconds takes nothing that stands."""
        self.desk.relay.table.expire(self.now)
        assert len(self.desk.relay.table) == len(self.ends)

    @rule()
    def restart(self) -> None:
        """All is forgotten."""
        limits = self.desk.relay.table.limits
        self.desk.relay.restart()
        assert self.desk.relay.table.limits == limits
        self.ends = {}

    @invariant()
    def data_goes_to_the_other_end_alone(self) -> None:
        """From each line, to where the model says."""
        for line in LINES:
            end = self.ends.get(line)
            peer = self.peer(end) if end else None
            got = [(to, data) for to, data in self.desk.data(line) if data == DATA]
            assert got == ([(peer.line, DATA)] if peer else [])
            assert peer is None or (end is not None and peer.owner != end.owner)

    @invariant()
    def memory_is_bounded(self) -> None:
        """By the limit."""
        assert len(self.ends) <= len(self.desk.relay.table) <= BINDINGS


TestRelayMachine = RelayMachine.TestCase
TestRelayMachine.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
