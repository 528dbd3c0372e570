"""The relay's table in bytes: how a pair comes and goes, and how much one client may take."""

from __future__ import annotations

from lanrage.core.relay import BindRequest, Bound, Challenge, Refusal, Rejected, Unbind, Unknown
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_cookies import ROTATION, Line
from lanrage.core.relay_counters import Drop
from lanrage.core.relay_table import LIFETIME
from lanrage.wire.relay import encode
from tests.core.relay_desk import ANNA, BEN, DATA, EVE, Desk
from tests.core.relay_world import ticket


class TestBinding:
    """How a pair comes and goes."""

    def test_the_second_end_makes_the_pair(self) -> None:
        """The first waits, the second is told that the first is there, and the first is told, out of its own port."""
        desk = Desk()
        [(to, first)] = desk.bind(ANNA, "anna", "ben")
        assert (to, isinstance(first, Bound) and first.peer_present) == (ANNA, False)
        assert desk.data(ANNA) == []
        answers = desk.bind(BEN, "ben", "anna")
        assert [(line, type(each), getattr(each, "peer_present", None)) for line, each in answers] == [
            (BEN, Bound, True),
            (ANNA, Bound, True),
        ]
        assert desk.passes(ANNA, BEN)
        assert desk.passes(BEN, ANNA)

    def test_the_same_bind_again_changes_nothing(self) -> None:
        """Its answer may have been lost."""
        desk = Desk()
        bind = desk.proof(ANNA, "anna", "ben")
        for _ in range(3):
            [(_, answer)] = desk.say(ANNA, bind)
            assert isinstance(answer, Bound)
        assert (len(desk.relay.table), desk.relay.table.counters.bound) == (1, 1)

    def test_it_ends_without_a_refresh(self) -> None:
        """To the second; the other end keeps its own."""
        desk = Desk()
        desk.pair()
        desk.relay.now += LIFETIME - 1
        desk.bind(BEN, "ben", "anna")
        assert desk.passes(BEN, ANNA)
        desk.relay.now += 1
        assert desk.data(BEN) == []
        assert desk.drops(Drop.NO_PEER) == 1
        assert desk.data(ANNA) == [(ANNA, encode(Unknown()))]

    def test_a_refresh_by_its_transaction_keeps_it(self) -> None:
        """One small message, no signature."""
        desk = Desk()
        bind = desk.proof(ANNA, "anna", "ben")
        desk.say(ANNA, bind)
        for _ in range(5):
            desk.relay.now += LIFETIME - 1
            [(_, answer)] = desk.say(ANNA, BindRequest(bind.transaction))
            assert isinstance(answer, Bound)
        assert len(desk.relay.table) == 1

    def test_it_ends_with_its_ticket(self) -> None:
        """A refresh does not carry it beyond; the peer is told."""
        desk = Desk()
        desk.bind(BEN, "ben", "anna")
        bind = desk.proof(ANNA, "anna", "ben", ticket("anna", "ben", life=20))
        [(_, answer), _] = desk.say(ANNA, bind)
        assert isinstance(answer, Bound)
        assert answer.lifetime == 20
        desk.relay.now += 20
        assert desk.data(ANNA) == [(ANNA, encode(Unknown()))]
        assert desk.say(ANNA, bind) == [(ANNA, Rejected(bind.transaction, Refusal.EXPIRED))]

    def test_giving_up_tells_the_peer(self) -> None:
        """At once, so that it looks for another way."""
        desk = Desk()
        desk.bind(BEN, "ben", "anna")
        bind = desk.proof(ANNA, "anna", "ben")
        desk.say(ANNA, bind)
        [(to, answer)] = desk.say(ANNA, Unbind(bind.transaction))
        assert (to, isinstance(answer, Bound) and answer.peer_present) == (BEN, False)
        assert desk.data(BEN) == []

    def test_roaming_replaces_the_old_address(self) -> None:
        """Data follows at once, and the old address is a stranger's."""
        desk = Desk()
        desk.pair()
        new = Line("192.0.2.200", 7, 7803)
        desk.bind(new, "anna", "ben")
        assert desk.passes(BEN, new)
        assert desk.passes(new, BEN)
        assert desk.data(ANNA) == [(ANNA, encode(Unknown()))]
        assert len(desk.relay.table) == 2

    def test_another_pair_at_the_same_line_tells_the_peer_of_the_old(self) -> None:
        """One line is one end of one pair."""
        desk = Desk()
        desk.pair()
        desk.bind(EVE, "eve", "anna")
        told = desk.bind(ANNA, "anna", "eve")
        present = {line: each.peer_present for line, each in told if isinstance(each, Bound)}
        assert present == {ANNA: True, BEN: False, EVE: True}
        assert desk.passes(ANNA, EVE)
        assert desk.data(BEN) == []

    def test_two_parties_of_the_same_two_nodes_do_not_mix(self) -> None:
        """Each has a pair of its own."""
        desk = Desk()
        desk.pair()
        line = Line(ANNA.host, ANNA.port, 7802)
        desk.say(line, desk.proof(line, "anna", "ben", ticket("anna", "ben", party=b"another party..."[:16])))
        assert desk.data(line) == []
        assert desk.passes(BEN, ANNA)


class TestLimits:
    """What one client, or all together, may take."""

    def test_bindings_of_one_holder(self) -> None:
        """One more is refused; what ended counts no more; another holder is free to bind."""
        desk = Desk(RelayLimits(holder_bindings=2))
        lines = [Line(ANNA.host, ANNA.port, 7800 + n) for n in range(3)]
        for line, other in zip(lines, ("ben", "carl", "dora"), strict=True):
            [(_, last)] = desk.bind(line, "anna", other)
        assert isinstance(last, Rejected)
        assert last.reason is Refusal.FULL
        assert isinstance(desk.bind(BEN, "ben", "anna")[0][1], Bound)
        desk.relay.now += LIFETIME
        assert isinstance(desk.bind(lines[2], "anna", "dora")[0][1], Bound)

    def test_bindings_of_one_host(self) -> None:
        """Many identities of one host do not take what others need; it may still renew, and what ended makes room."""
        desk = Desk(RelayLimits(host_bindings=2))
        lines = [Line(EVE.host, 1000 + n, 7800) for n in range(3)]
        for line, name in zip(lines, ("eve1", "eve2", "eve3"), strict=True):
            [(_, last)] = desk.bind(line, name, "anna")
        assert isinstance(last, Rejected)
        assert last.reason is Refusal.FULL
        assert isinstance(desk.bind(BEN, "ben", "anna")[0][1], Bound)
        assert isinstance(desk.bind(lines[2], "eve1", "anna")[0][1], Bound)  # it moves its own
        desk.relay.now += LIFETIME
        assert isinstance(desk.bind(lines[0], "eve3", "anna")[0][1], Bound)

    def test_bindings_in_all(self) -> None:
        """A full relay refuses the new and keeps the old, which may still roam."""
        desk = Desk(RelayLimits(bindings=2))
        desk.pair()
        assert isinstance(desk.bind(EVE, "eve", "anna")[0][1], Rejected)
        new = Line("192.0.2.200", 7, 7803)
        desk.bind(new, "anna", "ben")
        assert desk.passes(BEN, new)
        assert desk.drops(Drop.FULL) == 1

    def test_a_full_relay_makes_room_for_who_comes_back_late(self) -> None:
        """His own ended binding is among those that go."""
        desk = Desk(RelayLimits(bindings=1))
        desk.bind(ANNA, "anna", "ben")
        desk.relay.now += LIFETIME + 5
        assert isinstance(desk.bind(Line("192.0.2.200", 7, 7803), "anna", "ben")[0][1], Bound)
        assert len(desk.relay.table) == 1

    def test_packets_of_one_binding(self) -> None:
        """The burst, then the rate; the other end is not touched."""
        desk = Desk(RelayLimits(packets=10, packets_burst=20))
        desk.pair()
        assert sum(len(desk.data(ANNA)) for _ in range(100)) == 20
        assert desk.passes(BEN, ANNA)
        desk.relay.now += 1
        assert sum(len(desk.data(ANNA)) for _ in range(100)) == 10
        assert desk.drops(Drop.LIMITED) == 170

    def test_control_messages_of_one_host(self) -> None:
        """From whatever port; another host is not touched, and data passes."""
        desk = Desk(RelayLimits(control=1, control_burst=10))
        desk.pair()
        lines = [Line(EVE.host, 1 + n, 7800) for n in range(50)]
        assert sum(len(desk.say(line, BindRequest(b"12345678"))) for line in lines) == 10
        assert desk.drops(Drop.CONTROL_LIMITED) == 40
        desk.challenge(ANNA)
        assert desk.passes(ANNA, BEN)

    def test_unknown_is_told_seldom(self) -> None:
        """Ten a second to one host, whatever comes."""
        desk = Desk()
        assert sum(len(desk.data(EVE)) for _ in range(1000)) == 10
        assert desk.drops(Drop.UNBOUND) == 1000

    def test_asking_leaves_nothing_behind(self) -> None:
        """Cookies are not kept: a flood of forged sources fills no table."""
        desk = Desk()
        for number in range(5000):
            desk.challenge(Line(f"10.0.{number >> 8}.{number & 255}", 9, 7800))
        assert len(desk.relay.table) == 0


class TestCookies:
    """How long a cookie serves."""

    def test_it_serves_through_one_change_of_the_secret(self) -> None:
        """And not through two: a fresh one is offered in its place."""
        for waits, good in ((ROTATION * 0.9, True), (ROTATION * 2.1, False)):
            desk = Desk()
            bind = desk.proof(ANNA, "anna", "ben")
            desk.relay.now += waits
            desk.challenge(BEN)
            [(_, answer)] = desk.say(ANNA, bind)
            assert isinstance(answer, Bound if good else Challenge)

    def test_a_restart_forgets_all_cookies(self) -> None:
        """The secret was in memory alone."""
        desk = Desk()
        bind = desk.proof(ANNA, "anna", "ben")
        desk.relay.restart()
        [(_, answer)] = desk.say(ANNA, bind)
        assert isinstance(answer, Challenge)


def test_counters_have_a_name_each() -> None:
    """For status and metrics."""
    desk = Desk()
    desk.pair()
    desk.data(ANNA)
    desk.data(EVE)
    counters = {name: number for name, number in desk.relay.table.counters.as_dict().items() if number}
    assert counters == {"bound": 2, "packets": 1, "bytes": len(DATA), "dropped_unbound": 1}
