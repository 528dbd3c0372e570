"""Mailboxes of a control server: one exchange each, bounded, and nothing left of what ended."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core import mailboxes as limits
from lanrage.core.mailboxes import LETTERS, LIFETIME, MAILBOXES, PER_IDENTITY, PER_ORIGIN, Ending, Letter, Mailboxes
from lanrage.errors import Refused
from tests.fakes_control import SeededRandom

PARTY = "ab" * 16
NOW = 1000.0


class MailboxTests(SynchronousTestCase):
    """What a server does for two nodes, and refuses to others."""

    def setUp(self) -> None:
        """A mailbox of Anna's."""
        self.boxes = Mailboxes(SeededRandom("boxes"))
        self.number = self.boxes.open(b"anna", PARTY, "", NOW).nameplate

    def refused(self, code: str, work: Any, *args: Any) -> str:
        """The work is refused with this word; its sentence."""
        with self.assertRaises(Refused) as caught:
            work(*args)
        self.assertEqual(code, caught.exception.code)
        return caught.exception.message

    def claim(self, who: bytes, now: float = NOW) -> Any:
        """Claim Anna's mailbox."""
        return self.boxes.claim(who, self.number, "", now)

    def test_exchange(self) -> None:
        """Four letters in turns; then the mailbox is gone, and later comers hear that it was used."""
        claim = self.claim(b"bert")
        self.assertEqual((PARTY, b"anna", ()), (claim.mailbox.party_id, claim.mailbox.opener, claim.endings))
        for at in range(LETTERS):
            me, other = ((b"bert", b"anna"), (b"anna", b"bert"))[at % 2]
            self.refused("limit", self.boxes.post, other, self.number, b"x", NOW)
            self.assertEqual(
                Letter(other, self.number, me, bytes([at])), self.boxes.post(me, self.number, bytes([at]), NOW)
            )
        self.assertEqual(0, len(self.boxes))
        self.refused("code_burnt", self.boxes.post, b"bert", self.number, b"x", NOW)
        self.refused("code_burnt", self.claim, b"carl")

    def test_claimed_twice(self) -> None:
        """The same joiner may ask again until it has written; a second one ends it for both."""
        first = self.claim(b"bert")
        self.assertEqual(first, self.claim(b"bert"))
        second = self.claim(b"carl")
        ends = [Ending(who, self.number, "code_burnt") for who in (b"anna", b"bert")]
        self.assertEqual((None, ends), (second.mailbox, list(second.endings)))
        self.refused("code_burnt", self.boxes.post, b"bert", self.number, b"x", NOW)

    def test_claimed_again_after_a_letter(self) -> None:
        """A joiner that begins anew is a second try."""
        self.claim(b"bert")
        self.boxes.post(b"bert", self.number, b"x", NOW)
        self.assertIsNone(self.claim(b"bert").mailbox)

    def test_strangers(self) -> None:
        """No such code, one's own code, letters of neither end, closing by neither end."""
        self.refused("no_such_code", self.boxes.claim, b"bert", (self.number + 1) % 2**20, "", NOW)
        self.assertIn("your own", self.refused("no_such_code", self.claim, b"anna"))
        self.refused("no_such_code", self.boxes.post, b"bert", self.number, b"x", NOW)
        self.refused("no_such_code", self.boxes.post, b"anna", self.number, b"x", NOW)
        self.claim(b"bert")
        self.refused("no_such_code", self.boxes.post, b"carl", self.number, b"x", NOW)
        self.assertEqual((), self.boxes.close(b"carl", self.number))
        self.assertEqual(1, len(self.boxes))

    def test_expiry(self) -> None:
        """After its life a mailbox is gone, which is told for as long again and then forgotten."""
        self.claim(b"bert", NOW + LIFETIME - 0.1)
        self.refused("code_expired", self.boxes.post, b"bert", self.number, b"x", NOW + LIFETIME)
        self.refused("code_expired", self.claim, b"carl", NOW + LIFETIME + 1)
        self.refused("no_such_code", self.claim, b"carl", NOW + 2 * LIFETIME)

    def test_given_up(self) -> None:
        """By either end, the other hears of it; by nobody's session that has none, nothing."""
        self.assertEqual((), self.boxes.close_of(b"bert"))
        self.claim(b"bert")
        self.assertEqual((Ending(b"anna", self.number, "code_burnt"),), self.boxes.close(b"bert", self.number))
        self.refused("code_burnt", self.claim, b"carl")
        number = self.boxes.open(b"anna", PARTY, "", NOW).nameplate
        self.assertEqual((), self.boxes.close(b"anna", number))

    def test_session_ends(self) -> None:
        """The opener's takes all of its mailboxes along, the joiner's the one that it had claimed."""
        self.claim(b"bert")
        other = self.boxes.open(b"anna", PARTY, "", NOW).nameplate
        self.assertEqual((Ending(b"bert", self.number, "inviter_offline"),), self.boxes.close_of(b"anna"))
        self.refused("inviter_offline", self.claim, b"carl")
        self.refused("inviter_offline", self.boxes.claim, b"carl", other, "", NOW)
        number = self.boxes.open(b"anna", PARTY, "", NOW).nameplate
        self.boxes.claim(b"bert", number, "", NOW)
        self.assertEqual((Ending(b"anna", number, "code_burnt"),), self.boxes.close_of(b"bert"))

    def test_how_many(self) -> None:
        """Of one identity, of one address, in all; room is made by what expires."""
        for _ in range(PER_IDENTITY - 1):
            self.boxes.open(b"anna", PARTY, "", NOW)
        self.assertIn("4 spoken codes", self.refused("limit", self.boxes.open, b"anna", PARTY, "", NOW))
        for at in range(PER_ORIGIN):
            self.boxes.open(b"o%d" % at, PARTY, "192.0.2.1", NOW + 10.0 * at)
        late = NOW + 10.0 * PER_ORIGIN
        self.assertIn("one address", self.refused("limit", self.boxes.open, b"x", PARTY, "192.0.2.1", late))
        for at in range(MAILBOXES - PER_ORIGIN - PER_IDENTITY):
            self.boxes.open(b"i%d" % at, PARTY, "", late)
        self.assertIn("holds 1000", self.refused("limit", self.boxes.open, b"x", PARTY, "", late))
        self.boxes.open(b"x", PARTY, "192.0.2.1", NOW + LIFETIME)

    def test_how_often(self) -> None:
        """Ten tries at once and ten a minute, of one identity and from one address."""
        for at in range(10):
            self.refused("no_such_code", self.boxes.claim, b"bert", at, "192.0.2.1", NOW)
        for who, origin in ((b"bert", ""), (b"carl", "192.0.2.1")):
            self.assertIn("wait a minute", self.refused("limit", self.boxes.claim, who, self.number, origin, NOW))
            self.refused("limit", self.boxes.open, who, PARTY, origin, NOW)
        self.assertIsNotNone(self.boxes.claim(b"carl", self.number, "192.0.2.1", NOW + 12).mailbox)

    def test_no_nameplate(self) -> None:
        """A source of random numbers that always gives the same ends in a refusal, not in a loop."""
        boxes = Mailboxes(bytes)
        self.assertEqual(0, boxes.open(b"anna", PARTY, "", NOW).nameplate)
        self.refused("limit", boxes.open, b"bert", PARTY, "", NOW)


class Life(RuleBasedStateMachine):
    """Four nodes do anything in any order; a plain model says what must come."""

    nodes = st.sampled_from([b"a", b"b", b"c", b"d"])

    def __init__(self) -> None:
        super().__init__()
        self.boxes, self.now, self.numbers = Mailboxes(SeededRandom("life")), NOW, list[int]()
        self.model: dict[int, tuple[bytes, bytes | None, int, float]] = {}
        self.dead: set[int] = set()

    def gone(self, number: int) -> None:
        """The model's mailbox ended."""
        del self.model[number]
        self.dead.add(number)

    def ended(self, endings: tuple[Ending, ...], numbers: list[int]) -> None:
        """Only these mailboxes ended, and only their ends hear of it."""
        for ending in endings:
            assert ending.nameplate in numbers
            assert ending.to in self.model[ending.nameplate][:2]
        for number in numbers:
            self.gone(number)

    @rule(who=nodes)
    def open(self, who: bytes) -> None:
        """A new nameplate each time, within the limit."""
        mine = sum(opener == who for opener, *_ in self.model.values())
        try:
            number = self.boxes.open(who, PARTY, "", self.now).nameplate
        except Refused as error:
            assert error.code == "limit"
            assert mine >= PER_IDENTITY or "tried" in error.message
            return
        assert mine < PER_IDENTITY
        assert number not in self.model
        assert number not in self.dead
        self.model[number] = (who, None, 0, self.now + LIFETIME)
        self.numbers.append(number)

    @precondition(lambda self: self.numbers)
    @rule(who=nodes, data=st.data())
    def claim(self, who: bytes, data: st.DataObject) -> None:
        """The first one gets it, the second ends it."""
        number = data.draw(st.sampled_from(self.numbers))
        opener, joiner, count, until = self.model.get(number, (b"", None, 0, 0.0))
        try:
            claim = self.boxes.claim(who, number, "", self.now)
        except Refused as error:
            assert number not in self.model or opener == who or error.code == "limit"
            return
        if joiner is None or (joiner == who and not count):
            assert claim.mailbox is not None
            self.model[number] = (opener, who, count, until)
        else:
            assert claim.mailbox is None
            assert {ending.to for ending in claim.endings} == {opener, joiner}
            self.ended(claim.endings, [number])

    @precondition(lambda self: self.numbers)
    @rule(who=nodes, data=st.data())
    def post(self, who: bytes, data: st.DataObject) -> None:
        """A letter goes from one end to the other, in turns, and nowhere else."""
        number = data.draw(st.sampled_from(self.numbers))
        opener, joiner, count, until = self.model.get(number, (b"", None, 0, 0.0))
        allowed = number in self.model and joiner is not None and who == (joiner, opener)[count % 2]
        try:
            letter = self.boxes.post(who, number, b"x", self.now)
        except Refused:
            assert not allowed
            return
        assert allowed
        assert letter == Letter(opener if who == joiner else joiner or b"", number, who, b"x")
        self.model[number] = (opener, joiner, count + 1, until)
        if count + 1 == LETTERS:
            self.gone(number)

    @precondition(lambda self: self.numbers)
    @rule(who=nodes, data=st.data())
    def close(self, who: bytes, data: st.DataObject) -> None:
        """Its ends may close a mailbox."""
        number = data.draw(st.sampled_from(self.numbers))
        mine = number in self.model and who in self.model[number][:2]
        self.ended(self.boxes.close(who, number), [number] if mine else [])

    @rule(who=nodes)
    def close_of(self, who: bytes) -> None:
        """Nothing of a node is left."""
        mine = [number for number, (opener, joiner, *_) in self.model.items() if who in (opener, joiner)]
        self.ended(self.boxes.close_of(who), mine)

    @rule(seconds=st.floats(0, LIFETIME))
    def wait(self, seconds: float) -> None:
        """Time goes by; what has expired is gone with the next request."""
        self.now += seconds
        for number, (*_, until) in list(self.model.items()):
            if until <= self.now:
                self.gone(number)
        self.boxes._expire(self.now)

    @invariant()
    def alike(self) -> None:
        """Server and model hold the same, and memory is bounded."""
        assert {number: (b.opener, b.joiner, b.letters) for number, b in self.boxes._open.items()} == {
            number: box[:3] for number, box in self.model.items()
        }
        assert len(self.boxes._ended) <= limits.REMEMBERED


LifeTests = Life.TestCase
