"""Whoever has no right gets nothing through a relay, nobody's packets, and never more bytes than he sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.relay import Bind, BindRequest, Bound, Challenge, Message, Refusal, Rejected, Unbind, Unknown
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_counters import Drop
from lanrage.wire.relay import MAGIC, decode, encode
from tests.core.relay_desk import ANNA, BEN, DATA, EVE, Desk
from tests.core.relay_world import holder, ticket
from tests.strategies_relay import datagrams


class TestStrangers:
    """Whoever has no right gets nothing through and nobody's packets."""

    def refused(self, desk: Desk, bind: Bind, reason: Refusal, line: Line = EVE) -> None:
        """One small answer to the asker; the pair plays on, and no data passes from the asker."""
        desk.bind(BEN, "ben", "anna")
        assert desk.say(line, bind) == [(line, Rejected(bind.transaction, reason))]
        assert desk.data(line) == [(line, encode(Unknown()))]
        assert desk.data(BEN) == []

    def test_without_a_binding_data_goes_nowhere(self) -> None:
        """The answer is smaller than the data."""
        desk = Desk()
        desk.pair()
        [(to, answer)] = desk.data(EVE)
        assert (to, decode(answer)) == (EVE, Unknown())
        assert len(answer) < len(DATA)
        assert desk.relay.datagram(EVE, b"tiny") == []

    def test_rubbish_for_a_ticket(self) -> None:
        """Or none."""
        desk = Desk()
        self.refused(desk, desk.proof(EVE, "anna", "ben", b"\0", "eve"), Refusal.TICKET)

    def test_a_forged_ticket(self) -> None:
        """Signed by eve herself."""
        desk = Desk()
        blob = ticket("anna", "ben", key=holder("eve"))
        self.refused(desk, desk.proof(EVE, "anna", "ben", blob), Refusal.TICKET)

    def test_an_expired_ticket(self) -> None:
        """Genuine, but of yesterday."""
        desk = Desk()
        self.refused(desk, desk.proof(EVE, "anna", "ben", ticket("anna", "ben", life=0)), Refusal.EXPIRED)

    def test_a_stolen_ticket(self) -> None:
        """Genuine, shown by somebody who is not its holder."""
        desk = Desk()
        self.refused(desk, desk.proof(EVE, "anna", "ben", signer="eve"), Refusal.HOLDER)

    def test_a_signature_for_another_pair(self) -> None:
        """Eve's own ticket and signature for a pair of hers, with Anna's ticket in its place."""
        desk = Desk()
        own = desk.proof(EVE, "eve", "ben", signer="eve")
        self.refused(desk, Bind(own.transaction, own.cookie, own.signature, ticket("anna", "ben")), Refusal.HOLDER)

    def test_her_own_ticket_does_not_open_anothers_pair(self) -> None:
        """She is bound, but for a pair in which nobody else is."""
        desk = Desk()
        desk.pair()
        desk.bind(EVE, "eve", "anna")
        assert desk.data(EVE) == []
        assert desk.passes(ANNA, BEN)

    def test_a_bind_replayed_from_another_address(self) -> None:
        """The cookie is of Anna's address: a new one is offered, and what is bound stays."""
        desk = Desk()
        bind = desk.proof(ANNA, "anna", "ben")
        desk.say(ANNA, bind)
        desk.bind(BEN, "ben", "anna")
        for line in (EVE, Line(ANNA.host, ANNA.port + 1, ANNA.local), Line(ANNA.host, ANNA.port, ANNA.local + 1)):
            [(to, answer)] = desk.say(line, bind)
            assert (to, type(answer)) == (line, Challenge)
            assert desk.data(line) == [(line, encode(Unknown()))]
        assert desk.passes(BEN, ANNA)
        assert desk.drops(Drop.COOKIE) == 3

    def test_a_replay_with_her_own_cookie(self) -> None:
        """The signature was over Anna's."""
        desk = Desk()
        old = desk.proof(ANNA, "anna", "ben")
        fresh = desk.challenge(EVE)
        self.refused(desk, Bind(fresh.transaction, fresh.cookie, old.signature, old.ticket), Refusal.HOLDER)

    def test_a_third_holder_of_one_pair_is_refused(self) -> None:
        """Even with a ticket that the control server should never have given."""
        desk = Desk()
        desk.pair()
        bind = desk.proof(EVE, "anna", "ben", ticket("anna", "ben", owner="eve"), "eve")
        assert desk.say(EVE, bind) == [(EVE, Rejected(bind.transaction, Refusal.FULL))]
        assert desk.passes(ANNA, BEN)

    def test_a_refresh_or_an_unbind_needs_the_transaction(self) -> None:
        """A guess from the very address gets a cookie, or nothing."""
        desk = Desk()
        desk.pair()
        [(_, answer)] = desk.say(ANNA, BindRequest(b"guessed!"))
        assert isinstance(answer, Challenge)
        assert desk.say(ANNA, Unbind(b"guessed!")) == []
        assert desk.passes(ANNA, BEN)

    @pytest.mark.parametrize(
        "message",
        [Challenge(b"12345678", b"c" * 16), Bound(b"12345678", 1, 60, True), Unknown()],
        ids=lambda m: type(m).__name__,
    )
    def test_a_relays_own_messages_are_not_answered(self, message: Message) -> None:
        """Two relays cannot be set upon each other."""
        desk = Desk()
        assert desk.say(EVE, message) == []
        assert desk.drops(Drop.UNEXPECTED) == 1

    def test_a_source_without_a_port_is_not_answered(self) -> None:
        """Nothing could be sent there."""
        desk = Desk()
        assert desk.say(Line("192.0.2.1", 0, 7800), BindRequest(b"12345678")) == []
        assert desk.drops(Drop.MALFORMED) == 1


@given(st.lists(st.tuples(st.sampled_from([EVE, Line(EVE.host, 67, 7801)]), datagrams), max_size=20))
def test_no_bytes_of_a_stranger_do_anything(sent: list[tuple[Line, bytes]]) -> None:
    """Whatever it sends: answers go to it alone, no larger than their cause, and the pair is not disturbed."""
    desk = Desk()
    desk.pair()
    for line, datagram in sent:
        out = desk.relay.datagram(line, datagram)
        assert sum(len(answer) for _, answer in out) <= len(datagram)
        assert all(to == line and answer.startswith(MAGIC) for to, answer in out)
    assert len(desk.relay.table) == 2
    assert desk.passes(ANNA, BEN)
    assert desk.passes(BEN, ANNA)


@given(st.lists(st.tuples(st.sampled_from([ANNA, BEN]), datagrams), max_size=20))
def test_no_bytes_from_a_bound_address_reach_a_third(sent: list[tuple[Line, bytes]]) -> None:
    """Data goes to the other end unchanged; of control messages only a BOUND does; never more bytes than came."""
    desk = Desk()
    desk.pair()
    for line, datagram in sent:
        out = desk.relay.datagram(line, datagram)
        assert sum(len(answer) for _, answer in out) <= len(datagram)
        for to, answer in out:
            assert to in (ANNA, BEN)
            assert to == line or answer == datagram or isinstance(decode(answer), Bound)


@given(datagrams)
def test_a_pair_never_gets_more_bytes_than_were_sent(datagram: bytes) -> None:
    """Also while it binds, changes places, ends and comes again: counted over the whole of it."""
    desk = Desk()
    steps = [
        lambda: desk.proof(ANNA, "anna", "ben"),
        lambda: desk.proof(BEN, "ben", "anna", ticket("ben", "anna", life=30)),
        lambda: desk.proof(EVE, "eve", "anna"),
        lambda: desk.proof(ANNA, "anna", "eve"),
        lambda: desk.proof(BEN, "anna", "ben"),
    ]
    for step in steps:
        bind = step()
        assert sum(len(encode(answer)) for _, answer in desk.say(BEN, bind)) <= len(encode(bind))
        for message in (bind, BindRequest(bind.transaction), Unbind(bind.transaction)):
            for line in (ANNA, BEN, EVE):
                assert sum(len(encode(answer)) for _, answer in desk.say(line, message)) <= len(encode(message))
                desk.relay.datagram(line, datagram)
        desk.relay.now += 31
