"""What the doctor's operation gives back (``docs/doctor.rst``)."""

from __future__ import annotations

import msgspec

from lanrage.core.diagnosis import Check, Facts


class Doctored(msgspec.Struct, frozen=True):
    """What the doctor found.

    :param headline: what is wrong most, and its remedy; or that all is well.
    :param fault: its id; empty where all is well.
    :param ok: no check fails.
    """

    headline: str
    fault: str
    ok: bool
    checks: list[Check]
    facts: Facts
