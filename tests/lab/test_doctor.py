"""What counts as a fault named rightly; and every fault in real namespaces, named by the real command."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.doctor_faults import FAULTS
from lanrage.errors import BadInput
from lanrage.lab import doctor_faults
from lanrage.lab.doctor import LEAST, chosen, doctor, report
from lanrage.lab.result import Result
from tests.lab.bare import own

ROW: dict[str, Any] = {
    "fault": "no route",
    "expected": "no_route",
    "seen": "no_route",
    "named": True,
    "mended": True,
    "headline": "",
    "after": [],
}


def rows(count: int) -> list[dict[str, Any]]:
    """So many faults, each named."""
    return [{**ROW, "expected": f"fault{number}"} for number in range(count)]


class ReportTests(SynchronousTestCase):
    """What the check makes of what it saw."""

    def shortfalls(self, seen: list[dict[str, Any]], *, whole: bool = True) -> list[str]:
        """Sentences of what falls short."""
        result = Result("doctor")
        report(seen, result, whole=whole)
        self.assertEqual(result.figures["faults"], seen)
        return result.shortfalls

    def test_all_named(self) -> None:
        """Enough kinds are; too few are too few, unless some were chosen."""
        self.assertEqual([], self.shortfalls(rows(LEAST)))
        self.assertEqual(1, len(self.shortfalls(rows(LEAST - 1))))
        self.assertEqual([], self.shortfalls(rows(1), whole=False))

    def test_not_named(self) -> None:
        """Says what was seen in its place, or that nothing was."""
        wrong = {**ROW, "named": False, "seen": "udp_blocked", "headline": "udp: no"}
        told = self.shortfalls([*rows(LEAST), wrong])
        self.assertIn("no route: not named no_route but udp_blocked: udp: no", told)
        self.assertIn("but nothing", self.shortfalls([*rows(LEAST), {**wrong, "seen": ""}])[-1])

    def test_not_mended(self) -> None:
        """What stays after its cause is gone is a false alarm."""
        told = self.shortfalls([*rows(LEAST), {**ROW, "mended": False, "after": ["no_route (failure)"]}])
        self.assertIn("no route: mended, yet the doctor says ['no_route (failure)']", told)


class ChosenTests(SynchronousTestCase):
    """The faults that are made."""

    def test_known(self) -> None:
        """Each is a fault of the doctor's; all kinds that a player meets are there."""
        wanted = [fault.wanted for fault in chosen("")]
        self.assertEqual([], [fault for fault in wanted if fault not in FAULTS])
        self.assertGreaterEqual(len(set(wanted)), 12)

    def test_some(self) -> None:
        """By their ids; an unknown one is refused."""
        self.assertEqual({"relay_down", "clock_off"}, {fault.wanted for fault in chosen("relay_down, clock_off")})
        with self.assertRaises(BadInput):
            chosen("no_such")


@pytest.mark.lab
@pytest.mark.timeout(900)
@pytest.mark.needs("root", "ip", "nft", "tun", "wireguard-go", "setpriv")
class DoctorTests(SynchronousTestCase):
    """The whole check."""

    def test_every_fault(self) -> None:
        """A healthy party has no failure; each fault is named first, and gone when it is mended."""
        doctor_faults.check_installed()
        with tempfile.TemporaryDirectory(prefix="lanrage-lab-") as folder:
            result = doctor(Path(folder), own("tdoctor"))
        self.assertEqual([], result.shortfalls)
