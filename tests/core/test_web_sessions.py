"""Who may use the page: codes that count once, sessions that end."""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.web_sessions import (
    CODE_SECONDS,
    CODES_LIMIT,
    LONGEST_SECONDS,
    SESSIONS_LIMIT,
    USE_SECONDS,
    USER_CODES,
    USER_SESSIONS,
    WRONG_LIMIT,
    WRONG_SECONDS,
    WebSessions,
)
from lanrage.errors import Refused

USERS = st.integers(0, 12)


@attrs.define
class Known:
    """A code or token as a plain model has it."""

    user: int
    began: float
    used: float


class SessionLife(RuleBasedStateMachine):
    """Any users, in any order, against a model that keeps lists."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = WebSessions()
        self.now, self.number = 0.0, 0
        self.codes: dict[str, Known] = {}
        self.tokens: dict[str, Known] = {}
        self.gone: list[str] = []

    def alive(self) -> dict[str, Known]:
        """The sessions that have not ended."""
        return {
            token: each
            for token, each in self.tokens.items()
            if self.now < min(each.used + USE_SECONDS, each.began + LONGEST_SECONDS)
        }

    def waiting(self) -> dict[str, Known]:
        """The codes that count."""
        return {code: each for code, each in self.codes.items() if self.now < each.began + CODE_SECONDS}

    @rule(user=USERS)
    def offer(self, user: int) -> None:
        """A user asks for a link."""
        self.number += 1
        code, waiting = f"code{self.number}", self.waiting()
        own = [each for each in waiting if waiting[each].user == user]
        try:
            self.machine.offer(user, code, self.now)
        except Refused as error:
            assert (error.code, len(waiting)) == ("busy", CODES_LIMIT)
            return
        if len(own) == USER_CODES:
            self.gone.append(own[0])
            del self.codes[own[0]]
        self.codes[code] = Known(user, self.now, self.now)

    @rule(data=st.data())
    def log_in(self, data: Any) -> None:
        """Somebody uses a link: one that waits, was used, or is too old."""
        known = sorted(self.codes) + self.gone
        if not known:
            return
        code = data.draw(st.sampled_from(known))
        right = self.waiting().get(code)
        self.number += 1
        token, alive = f"token{self.number}", self.alive()
        self.codes.pop(code, None)
        self.gone.append(code)
        try:
            made = self.machine.log_in(code, token, self.now)
        except Refused as error:
            full = right is not None and len(alive) == SESSIONS_LIMIT
            counts = Counter(each.user for each in alive.values())
            assert not full or right is None or max(counts.values()) <= counts[right.user] + 1
            assert full or (right is None and error.code in ("wrong_login", "busy"))
            return
        assert right is not None
        assert made.session.user == right.user
        own = sorted((each for each in alive if alive[each].user == right.user), key=lambda each: alive[each].used)
        self.tokens = dict(alive)
        if len(own) == USER_SESSIONS:
            ended = [each for each in own if self.machine.find(each, self.now) is None]
            assert len(ended) == 1
            assert alive[ended[0]].used == alive[own[0]].used
            del self.tokens[ended[0]]
            for each in own:
                if each in self.tokens:
                    self.tokens[each].used = self.now
        self.tokens[token] = Known(right.user, self.now, self.now)

    @rule(data=st.data())
    def use(self, data: Any) -> None:
        """A page asks something; only tokens of living sessions are known, and being used keeps them alive."""
        if not self.tokens:
            return
        token = data.draw(st.sampled_from(sorted(self.tokens)))
        expected = self.alive().get(token)
        found = self.machine.find(token, self.now)
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            assert found.user == expected.user
            assert self.machine.holds(found, self.now)
            expected.used = self.now

    @rule(data=st.data())
    def log_out(self, data: Any) -> None:
        """A page logs out: its token is nobody's from then on."""
        alive = self.alive()
        if not alive:
            return
        token = data.draw(st.sampled_from(sorted(alive)))
        session = self.machine.find(token, self.now)
        assert session is not None
        self.machine.log_out(session)
        assert self.machine.find(token, self.now) is None
        assert not self.machine.holds(session, self.now)
        del self.tokens[token]

    @rule(seconds=st.sampled_from((1.0, CODE_SECONDS, USE_SECONDS / 2, USE_SECONDS, LONGEST_SECONDS)))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds

    @rule()
    def expire(self) -> None:
        """Somebody looks."""
        before = len(self.machine)
        ended = self.machine.expire(self.now)
        assert len(self.machine) == before - len(ended) == len(self.alive())

    @invariant()
    def bounded(self) -> None:
        """Never more than the limits."""
        assert len(self.machine) <= SESSIONS_LIMIT
        per_user: dict[int, int] = {}
        for each in self.alive().values():
            per_user[each.user] = per_user.get(each.user, 0) + 1
        assert all(count <= USER_SESSIONS for count in per_user.values())


TestSessionLife = SessionLife.TestCase


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
        for number in range(SESSIONS_LIMIT):
            machine.offer(number // USER_SESSIONS, f"c{number}", float(number))
            machine.log_in(f"c{number}", f"t{number}", float(number))
        machine.offer(99, "mine", 100.0)
        made = machine.log_in("mine", "token", 100.0)
        self.assertEqual([(0, 0.0)], [(each.user, each.used) for each in made.ended])
        self.assertEqual((None, SESSIONS_LIMIT), (machine.find("t0", 100.0), len(machine)))

    def test_as_many_users_as_places(self) -> None:
        """Nobody has more than one: there is no room, and nobody is thrown out."""
        machine = WebSessions()
        for user in range(SESSIONS_LIMIT):
            machine.offer(user, "c", 0.0)
            machine.log_in("c", f"t{user}", 0.0)
        machine.offer(99, "mine", 1.0)
        self.assertEqual("busy", self.assertRaises(Refused, machine.log_in, "mine", "t", 1.0).code)
        self.assertEqual(SESSIONS_LIMIT, len(machine))

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
