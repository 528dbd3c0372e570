"""Options of relays and of the choice among them, checked at the door (:mod:`lanrage.app.config` has the others)."""

from __future__ import annotations

import re

from lanrage.app.relay import MODES, RelayPlan
from lanrage.app.relay_drain import DRAIN_LONGEST
from lanrage.core.relay_choice import Weights
from lanrage.errors import BadInput

REGION = re.compile(r"[A-Za-z0-9._-]{0,32}")
LOAD_LIMIT = 10_000_000.0
"""Packets a second; no machine forwards more."""
WEIGHT_LIMIT = 10_000.0
"""Milliseconds; more would be no weight but a rule."""


def parse_region(text: str, field: str) -> str:
    """A word for where a relay stands.

    :raises BadInput: names `field`.
    """
    if not REGION.fullmatch(text):
        raise BadInput(field, f"{text!r} is not at most 32 letters, digits, dots, underscores and hyphens")
    return text


def parse_number(text: str, field: str, least: float, most: float) -> float:
    """A number between bounds.

    :raises BadInput: names `field`.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not least <= number <= most:
        raise BadInput(field, f"{text!r} is not a number from {least:g} to {most:g}")
    return number


def parse_mode(text: str, field: str) -> str:
    """How a relay forwards.

    :raises BadInput: names `field`.
    """
    if text not in MODES:
        raise BadInput(field, f"{text!r} is none of {', '.join(MODES)}")
    return text


def parse_plan(options: dict[str, str]) -> RelayPlan:
    """What an operator says of a relay.

    :raises BadInput: names the option and the rule.
    """
    return RelayPlan(
        parse_region(options["region"], "region"),
        options.get("public-host", ""),
        parse_number(options["drain"], "drain", 0.0, DRAIN_LONGEST),
        parse_number(options["full-load"], "full-load", 1.0, LOAD_LIMIT),
        parse_mode(options["mode"], "mode"),
    )


def parse_weights(text: str, field: str) -> Weights:
    """``NAME=NUMBER`` with commas between, of :class:`lanrage.core.relay_choice.Weights`; those not named stay.

    :raises BadInput: names `field`.
    """
    found: dict[str, float] = {}
    known = Weights.names()
    for part in text.split(",") if text else ():
        name, _, number = part.partition("=")
        if name not in known:
            raise BadInput(field, f"{name!r} is none of {', '.join(known)}")
        found[name] = parse_number(number, field, 0.0, WEIGHT_LIMIT)
    return Weights(**found)
