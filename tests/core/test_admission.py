"""Who may found parties, and how much one may ask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core import admission
from lanrage.core.admission import (
    CREATIONS_PER_HOST,
    CREATIONS_PER_IDENTITY,
    HOST_BURST,
    HOST_RATE,
    HOUR,
    REQUEST_BURST,
    REQUEST_RATE,
    Admission,
    Buckets,
    Registration,
)
from lanrage.core.bans import Bans
from lanrage.core.restart import LOGINS_PER_SECOND, RESTART_TIME, SPREAD_LIMIT, SPREAD_MINIMUM, come_back
from lanrage.errors import BadInput, Refused

ME, OTHER = b"m" * 32, b"o" * 32
HOST = "192.0.2.7"
TOKEN = "a token of the club"


class RegistrationTests(SynchronousTestCase):
    """Founding parties."""

    def refused(self, rules: Admission, *asked: object) -> tuple[str, str]:
        """Word and sentence."""
        with self.assertRaises(Refused) as caught:
            rules.check_creation(*asked)  # type: ignore[arg-type]
        return caught.exception.code, caught.exception.message

    def test_rules(self) -> None:
        """Open: everybody; closed: nobody, whatever he shows; token: who shows it, to the letter."""
        Admission().check_creation(ME, HOST, "", 0.0)
        closed = Admission(Registration("closed"))
        self.assertEqual("registration_closed", self.refused(closed, ME, HOST, TOKEN, 0.0)[0])
        club = Admission(Registration("token", TOKEN))
        club.check_creation(ME, HOST, TOKEN, 0.0)
        for wrong in ("", TOKEN[:-1], TOKEN + " ", "ä\ud800"):
            self.assertEqual("bad_token", self.refused(club, ME, HOST, wrong, 0.0)[0])

    def test_wrong_rules(self) -> None:
        """A rule that is none, a token without its rule, a rule without its token, and one that can be guessed."""
        for rule, token, field in (
            ("ajar", "", "registration"),
            ("open", TOKEN, "registration-token-file"),
            ("token", "", "registration-token-file"),
            ("token", "guess", "registration-token-file"),
        ):
            with self.assertRaises(BadInput) as caught:
                Registration(rule, token)
            self.assertEqual(field, caught.exception.field)
            self.assertNotIn(TOKEN, str(caught.exception))

    def test_founded_in_an_hour(self) -> None:
        """So many by one identity, and so many from one address; each refusal says which; time makes room."""
        rules = Admission()
        for _ in range(CREATIONS_PER_IDENTITY):
            rules.check_creation(ME, HOST, "", 0.0)
            rules.created(ME, HOST, 0.0)
        self.assertIn("a node may found", self.refused(rules, ME, HOST, "", 0.0)[1])
        for number in range(CREATIONS_PER_HOST - CREATIONS_PER_IDENTITY):
            founder = number.to_bytes(32, "big")
            rules.check_creation(founder, HOST, "", 0.0)
            rules.created(founder, HOST, 0.0)
        self.assertEqual("limit", self.refused(rules, OTHER, HOST, "", 0.0)[0])
        self.assertIn("from one address", self.refused(rules, OTHER, HOST, "", 0.0)[1])
        rules.check_creation(OTHER, "", "", 0.0)
        rules.check_creation(ME, HOST, "", HOUR / CREATIONS_PER_IDENTITY + 1)

    def test_asking_costs_nothing(self) -> None:
        """What is not founded does not count."""
        rules = Admission()
        for _ in range(CREATIONS_PER_HOST + 1):
            rules.check_creation(ME, HOST, "", 0.0)

    def test_banned(self) -> None:
        """By identity, or by address."""
        rules = Admission()
        rules.bans = Bans.parse(f"{ME.hex()}\n192.0.2.0/24")
        for identity, origin in ((ME, "198.51.100.1"), (OTHER, HOST)):
            with self.assertRaises(Refused) as caught:
                rules.check(identity, origin)
            self.assertEqual("server_ban", caught.exception.code)
        rules.check(OTHER, "198.51.100.1")
        rules.check(OTHER, "")


class MeterTests(SynchronousTestCase):
    """Requests."""

    def test_one_connection(self) -> None:
        """Beyond its own rate a connection is refused; the rest of its host is not."""
        rules = Admission()
        meter = rules.meter(HOST)
        self.assertEqual({""}, {meter.take(0.0) for _ in range(int(REQUEST_BURST))})
        self.assertIn("this connection", meter.take(0.0))
        self.assertEqual("", rules.meter(HOST).take(0.0))
        self.assertEqual({""}, {meter.take(1.0) for _ in range(int(REQUEST_RATE))})

    def test_one_host(self) -> None:
        """All connections of a host share a rate; others, and this machine, have no part in it."""
        rules = Admission()
        served = sum(not rules.meter(HOST).take(0.0) for _ in range(int(HOST_BURST) + 10))
        self.assertEqual(HOST_BURST, served)
        self.assertIn("from this address", rules.meter(HOST).take(0.0))
        self.assertEqual("", rules.meter("192.0.2.8").take(0.0))
        self.assertEqual({""}, {rules.meter("").take(0.0) for _ in range(int(HOST_BURST) + 10)})
        again = rules.meter(HOST)
        self.assertEqual("", again.take(1.0 / HOST_RATE + 0.001))

    def test_memory_is_bounded(self) -> None:
        """However many hosts come."""
        buckets: Buckets[int] = Buckets(1.0, 1.0)
        for number in range(admission.REMEMBERED + 100):
            buckets.of(number).take(0.0)
        self.assertEqual(admission.REMEMBERED, len(buckets))
        self.assertFalse(buckets.of(admission.REMEMBERED + 99).ready(0.0))


class ComeBackTests(SynchronousTestCase):
    """When clients dial after a restart."""

    @given(count=st.integers(0, 3000), jitter=st.floats(0.0, 1.0))
    def test_all_fit(self, count: int, jitter: float) -> None:
        """None before the restart can be over; in no second more than the server can log in; nobody waits for ever."""
        times = come_back(count, lambda: jitter)
        self.assertEqual(count, len(times))
        spread = max(SPREAD_MINIMUM, count / LOGINS_PER_SECOND)
        for time in times:
            self.assertTrue(1000 * RESTART_TIME <= time <= 1000 * (RESTART_TIME + spread) + 1)
        for start in range(0, max(times, default=0), 500):
            self.assertLessEqual(sum(start <= time < start + 1000 for time in times), LOGINS_PER_SECOND + 2)

    def test_very_many(self) -> None:
        """Even a million clients are told a time that a message can hold."""
        self.assertLessEqual(max(come_back(1_000_000, lambda: 1.0)), 1000 * (RESTART_TIME + SPREAD_LIMIT))
