"""Signatures that are checked after a start."""

from __future__ import annotations

from typing import cast

import attrs
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.recheck import DELAY, PAUSE, PORTION, Recheck
from lanrage.core.identity import SigningKey, verify_again, verify_signature
from lanrage.core.world_load import Unproven, load_world
from lanrage.core.world_rows import MembershipRow, PartyRow, Row
from lanrage.errors import CryptoError, StoreError
from tests.fakes_control import PartyKit, node_keys, seeded
from tests.fakes_threads import ThreadClock

KIT = PartyKit.make("recheck")
HOST = node_keys("host")
CERTIFICATE = KIT.certificate(HOST, "host", "10.66.0.1")
PARTY = PartyRow(KIT.party_id, KIT.charter_blob, 1)
MEMBER = MembershipRow(KIT.party_id, HOST.identity.public, CERTIFICATE, b"", None)
FORGED = attrs.evolve(MEMBER, certificate=CERTIFICATE[:-1] + bytes((CERTIFICATE[-1] ^ 1,)))
KEY = SigningKey(seeded("recheck"))


def unproven(good: int, bad: int = 0) -> list[Unproven]:
    """Rows with one signature each, the bad ones last."""
    rows = [(b"%d" % number, KEY.sign(b"%d" % number)) for number in range(good)]
    rows += [(b"bad %d" % number, KEY.sign(b"another")) for number in range(bad)]
    return [Unproven(f"row {text.decode()}", [(KEY.public, text, signature)]) for text, signature in rows]


class LaterTests(SynchronousTestCase):
    """Gathered in place of being checked."""

    def test_load(self) -> None:
        """The same world is loaded either way; with `later` a forged signature is found by its row's own check."""
        later: list[Unproven] = []
        world = load_world([PARTY, MEMBER], later)
        self.assertEqual(world, load_world([PARTY, MEMBER]))
        self.assertEqual([row.check() for row in later], ["", ""])
        with self.assertRaises(StoreError):
            load_world([PARTY, FORGED])
        later.clear()
        load_world([PARTY, FORGED], later)
        self.assertEqual([bool(row.check()) for row in later], [False, True])
        self.assertIn("the stored MembershipRow of", later[1].check())

    def test_rules(self) -> None:
        """What is wrong beyond signatures stops the load at once, either way."""
        broken: Row = MembershipRow(KIT.party_id, HOST.identity.public, b"nonsense", b"", None)
        with self.assertRaises(StoreError):
            load_world([PARTY, broken], [])

    def test_what_does_not_hold_is_not_remembered(self) -> None:
        """A signature that does not hold does not hold the next time either."""
        for verify in (verify_signature, verify_again, verify_again):
            with self.assertRaises(CryptoError):
                verify(KEY.public, b"a", bytes(64))


class RecheckTests(SynchronousTestCase):
    """The pass after a start."""

    def setUp(self) -> None:
        self.clock = ThreadClock()
        self.recheck = Recheck(self.clock)
        self.lines: list[str] = []
        observer = cast(ILogObserver, self.observe)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def observe(self, event: LogEvent) -> None:
        """A log line."""
        if "sentence" in event:
            self.lines.append(str(event["sentence"]))

    def test_all(self) -> None:
        """All rows are looked at, portion by portion; of each portion's broken rows one is named, all are counted."""
        self.recheck.start(unproven(PORTION + 1, 2))
        self.clock.advance(DELAY)
        self.assertEqual((self.recheck.broken, self.lines), (0, []))
        self.clock.advance(PAUSE)
        self.assertEqual(self.recheck.broken, 2)
        self.assertEqual(self.lines, ["row bad 0 does not hold: the signature does not hold"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing(self) -> None:
        """A new server has nothing to check, and no call is left."""
        self.recheck.start([])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop(self) -> None:
        """Stopped before, between or within a turn, nothing is left and nothing more is found."""
        for when in range(3):
            clock = ThreadClock()
            recheck = Recheck(clock)
            recheck.start(unproven(PORTION, PORTION))
            if when:
                clock.held = [] if when == 2 else None
                clock.advance(DELAY)
            recheck.stop()
            for work in clock.held or []:
                work()
            clock.advance(DELAY)
            self.assertEqual((recheck.broken, clock.getDelayedCalls()), (0, []))
