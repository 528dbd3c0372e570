"""Who may use the page: codes that count once, sessions that end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.web_sessions import (
    CODE_SECONDS,
    DEFAULT_LIMITS,
    LONGEST_SECONDS,
    USE_SECONDS,
    WRONG_LIMIT,
    WRONG_SECONDS,
    Session,
    SessionLimits,
    WebSessions,
)
from lanrage.errors import Refused

FEW = SessionLimits(sessions=4, user_sessions=2, codes=4, user_codes=2)
"""So few that some steps fill both tables."""
USERS = st.integers(0, 5)

Room = Literal["free", "own", "other", "none"]
"""Where one more finds room: there is some, one of the same user goes, one of whoever has most, nowhere."""


@attrs.define(eq=False)
class Known:
    """A code or session as a plain model has it.

    :param name: the code or token.
    """

    name: str
    user: int
    began: float
    used: float
    session: Session | None = None


def room_for(user: int, held: Sequence[Known], limit: int, of_one: int) -> tuple[Room, Known | None]:
    """Where one more of a user finds room, and who goes for it.

    :param held: who goes first of one user comes first.
    """
    own = [each for each in held if each.user == user]
    if len(own) == of_one:
        return "own", own[0]
    if len(held) < limit:
        return "free", None
    counts = [sum(other.user == each.user for other in held) for each in held]
    most = max(counts)
    return ("other", held[counts.index(most)]) if most >= len(own) + 2 else ("none", None)


class SessionLife(RuleBasedStateMachine):
    """Any users, in any order, against a model that keeps lists."""

    seen: ClassVar[set[tuple[str, Room]]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.machine = WebSessions(FEW)
        self.now, self.number = 0.0, 0
        self.codes: list[Known] = []
        self.sessions: list[Known] = []
        self.gone: list[str] = []

    def named(self, kind: str) -> str:
        """A new code or token."""
        self.number += 1
        return f"{kind}{self.number}"

    def over(self, each: Known) -> bool:
        """Whether a session's time is over."""
        return self.now >= min(each.used + USE_SECONDS, each.began + LONGEST_SECONDS)

    def waiting(self) -> list[Known]:
        """The codes that count."""
        return [each for each in self.codes if self.now < each.began + CODE_SECONDS]

    @rule(user=USERS)
    def offer(self, user: int) -> None:
        """A user asks for a link: the table is full for nobody but for as many users as it has places."""
        code, waiting = self.named("code"), self.waiting()
        room, voided = room_for(user, waiting, FEW.codes, FEW.user_codes)
        own = [each for each in waiting if each.user == user]
        if room == "none" and own:
            room, voided = "own", own[0]
        self.seen.add(("code", room))
        try:
            self.machine.offer(user, code, self.now)
        except Refused as error:
            assert (error.code, room) == ("busy", "none")
            return
        assert room != "none"
        if voided is not None:
            self.codes.remove(voided)
            self.gone.append(voided.name)
        self.codes.append(Known(code, user, self.now, self.now))

    @rule(user=USERS, times=st.integers(1, 3))
    def come(self, user: int, times: int) -> None:
        """A user opens pages, each by a new link."""
        for _ in range(times):
            before = len(self.codes)
            self.offer(user)
            if len(self.codes) > before:
                self.try_code(self.codes[-1].name)

    @rule(data=st.data())
    def log_in(self, data: Any) -> None:
        """Somebody uses a link: one that waits, was used, was voided, or is too old."""
        known = [each.name for each in self.codes] + self.gone
        if known:
            self.try_code(data.draw(st.sampled_from(known)))

    def try_code(self, code: str) -> None:
        """Use a link up; who had to go is told, and nobody else went."""
        right = next((each for each in self.waiting() if each.name == code), None)
        self.codes = [each for each in self.codes if each.name != code]
        self.gone.append(code)
        if right is None:
            try:
                self.machine.log_in(code, self.named("token"), self.now)
            except Refused as error:
                assert error.code in ("wrong_login", "busy")
                return
            raise AssertionError(f"{code} counts no more")
        gone = [each for each in self.sessions if self.over(each)]
        self.sessions = [each for each in self.sessions if not self.over(each)]
        by_use = sorted(self.sessions, key=lambda each: each.used)
        room, ending = room_for(right.user, by_use, FEW.sessions, FEW.user_sessions)
        self.seen.add(("session", room))
        made = Known(self.named("token"), right.user, self.now, self.now)
        try:
            answer = self.machine.log_in(code, made.name, self.now)
        except Refused as error:
            assert (error.code, room) == ("busy", "none")
            return
        assert room != "none"
        made.session = answer.session
        if ending is not None:
            gone.append(ending)
            self.sessions.remove(ending)
        assert list(answer.ended) == [each.session for each in gone]
        assert answer.session.user == right.user
        self.sessions.append(made)

    @rule(data=st.data())
    def use(self, data: Any) -> None:
        """A page asks something; only tokens of living sessions are known, and being used keeps them alive."""
        if not self.sessions:
            return
        known = data.draw(st.sampled_from(self.sessions))
        found = self.machine.find(known.name, self.now)
        assert found is (None if self.over(known) else known.session)
        if found is not None:
            assert self.machine.holds(found, self.now)
            known.used = self.now

    @rule(data=st.data())
    def log_out(self, data: Any) -> None:
        """A page logs out: its token is nobody's from then on."""
        if not self.sessions:
            return
        known = data.draw(st.sampled_from(self.sessions))
        assert known.session is not None
        self.machine.log_out(known.session)
        assert self.machine.find(known.name, self.now) is None
        assert not self.machine.holds(known.session, self.now)
        self.sessions.remove(known)

    @rule(seconds=st.sampled_from((1.0, CODE_SECONDS, USE_SECONDS / 2, USE_SECONDS, LONGEST_SECONDS)))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds

    @rule()
    def expire(self) -> None:
        """Somebody looks."""
        ended = self.machine.expire(self.now)
        assert list(ended) == [each.session for each in self.sessions if self.over(each)]
        self.sessions = [each for each in self.sessions if not self.over(each)]

    @invariant()
    def bounded(self) -> None:
        """As many as the model knows, and never more than the limits."""
        assert len(self.machine) == len(self.sessions) <= FEW.sessions
        for user in range(6):
            assert sum(each.user == user for each in self.sessions) <= FEW.user_sessions


class TestSessionLife(SessionLife.TestCase):  # type: ignore[valid-type,misc]
    """The machine; and that its steps come to all places where a table is full."""

    settings = settings(max_examples=40, stateful_step_count=60)

    def runTest(self) -> None:
        """Run it."""
        SessionLife.seen.clear()
        super().runTest()
        rooms = ("free", "own", "other", "none")
        self.assertEqual({(table, room) for table in ("code", "session") for room in rooms}, SessionLife.seen)


class SessionTests(SynchronousTestCase):
    """Single rules."""

    def test_wrong_codes(self) -> None:
        """A few are told apart, then all are the same for a minute; the right one counts all the while."""
        machine = WebSessions()
        codes = [self.assertRaises(Refused, machine.log_in, f"x{n}", "t", 0.0).code for n in range(WRONG_LIMIT + 2)]
        self.assertEqual(["wrong_login"] * WRONG_LIMIT + ["busy"] * 2, codes)
        machine.offer(7, "right", 1.0)
        self.assertEqual(7, machine.log_in("right", "token", 2.0).session.user)
        later = self.assertRaises(Refused, machine.log_in, "x", "t", WRONG_SECONDS + 1)
        self.assertEqual("wrong_login", later.code)

    def test_nobody_keeps_others_out(self) -> None:
        """Where all places are taken, who has many gives one up for who has none: the one used longest ago."""
        machine = WebSessions()
        for number in range(DEFAULT_LIMITS.sessions):
            machine.offer(number // DEFAULT_LIMITS.user_sessions, f"c{number}", float(number))
            machine.log_in(f"c{number}", f"t{number}", float(number))
        machine.offer(99, "mine", 100.0)
        made = machine.log_in("mine", "token", 100.0)
        self.assertEqual([(0, 0.0)], [(each.user, each.used) for each in made.ended])
        self.assertEqual((None, DEFAULT_LIMITS.sessions), (machine.find("t0", 100.0), len(machine)))

    def test_nobody_fills_the_codes(self) -> None:
        """Users who ask for link after link void their own; one who asks for the first time always gets it."""
        machine = WebSessions()
        for number in range(4 * DEFAULT_LIMITS.codes):
            machine.offer(number % 40, f"c{number}", 0.0)
        machine.offer(99, "mine", 1.0)
        for number in range(4 * DEFAULT_LIMITS.codes):
            machine.offer(number % 40, f"d{number}", 2.0)
        self.assertEqual(99, machine.log_in("mine", "token", 3.0).session.user)

    def test_as_many_users_as_places(self) -> None:
        """Nobody has more than one: there is no room, and nobody is thrown out."""
        machine = WebSessions()
        for user in range(DEFAULT_LIMITS.sessions):
            machine.offer(user, "c", 0.0)
            machine.log_in("c", f"t{user}", 0.0)
        machine.offer(99, "mine", 1.0)
        self.assertEqual("busy", self.assertRaises(Refused, machine.log_in, "mine", "t", 1.0).code)
        self.assertEqual(DEFAULT_LIMITS.sessions, len(machine))

    def test_a_code_counts_once(self) -> None:
        """The second time it is wrong, even in the same instant."""
        machine = WebSessions()
        machine.offer(7, "code", 0.0)
        machine.log_in("code", "one", 0.0)
        self.assertEqual("wrong_login", self.assertRaises(Refused, machine.log_in, "code", "two", 0.0).code)
        self.assertIsNone(machine.find("two", 0.0))

    def test_no_secret_token_is_kept(self) -> None:
        """Neither code nor token can be read out of the machine or of what it tells."""
        machine = WebSessions()
        machine.offer(7, "the-code", 0.0)
        self.assertNotIn("the-code", repr(vars(machine)))
        made = machine.log_in("the-code", "the-token", 0.0)
        self.assertNotIn("the-token", repr(vars(machine)) + repr(made))
