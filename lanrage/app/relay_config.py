"""Options of relays, checked at the door (:mod:`lanrage.app.config` has the others)."""

from __future__ import annotations

from lanrage.app.relay import RelayPlan
from lanrage.app.settings_options import read


def parse_plan(options: dict[str, str]) -> RelayPlan:
    """What an operator says of a relay.

    :raises BadInput: names the option and the rule.
    """
    return RelayPlan(
        read(options, "relay.region"),
        read(options, "relay.public_host"),
        read(options, "relay.drain"),
        read(options, "relay.full_load"),
        read(options, "relay.mode"),
    )
