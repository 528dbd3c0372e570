"""What the LAN plane is told at the node's start (``docs/protocol-lan.rst``); checked here, at the door."""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

import attrs

from lanrage.core.broadcast_dedup import WINDOW_SECONDS
from lanrage.core.exposure import Exposure
from lanrage.core.lan_services import LanService
from lanrage.core.play_ports import Span, merged, parse_spans
from lanrage.core.route_leases import RouteLeases
from lanrage.errors import BadInput

LAN: list[list[Any]] = [
    ["lan-capture", None, "both", "Whose broadcasts are carried: both (LAN card, real cards), party or off."],
    ["lan-interest", None, "on", "Tell the members which ports are open here, to get only what is heard: on or off."],
    ["lan-replicator", None, "off", "Whether the party's host passes frames on to all: off or host."],
    ["lan-dedup-window", None, f"{WINDOW_SECONDS:g}", "Seconds in which one datagram seen on two cards is one."],
    ["lan-exposure", None, "guarded", "What of this machine a party reaches: guarded, games (ports in play) or all."],
    ["lan-ports", None, "", "More ports in play, as in 4445,27960-27963/udp; open whatever --lan-exposure says."],
    ["lan-services", None, "", "Discovery services of the LAN card that are carried: a list of mdns, ssdp."],
    ["lan-routes", None, "auto", "Unbound broadcasts go to the party: auto (without a default route), always or off."],
    ["lan-leases", None, "on", "Let members repeat periodic announcements by themselves: on or off."],
]
"""Options of the roles that have a node (:class:`twisted.python.usage.Options`)."""

DEDUP_WINDOWS = (0.05, 60.0)
"""Bounds of the window, s: one send reaches all cards within milliseconds; no announcement's period is longer."""

Word = TypeVar("Word", bound=Enum)


class CaptureFrom(Enum):
    """From which cards games' broadcasts are carried: setting ``lan.capture``."""

    BOTH = "both"  # the LAN card and this machine's real cards
    PARTY = "party"  # the LAN card alone
    OFF = "off"  # none: this machine hears the others' games and shows none of its own


class Replicator(Enum):
    """Who may pass on this machine's frames, and bring it those of others: setting ``lan.replicator``."""

    OFF = "off"  # nobody: each member sends to each
    HOST = "host"  # the party's host


class Switch(Enum):
    """A setting with two values."""

    ON = "on"
    OFF = "off"


@attrs.frozen
class LanSettings:
    """Settings of the LAN plane.

    :param capture: from which cards broadcasts are carried.
    :param dedup_window: seconds in which one datagram seen on two cards is one.
    :param exposure: what of this machine a party reaches.
    :param ports: the user's own list of ports in play.
    :param services: discovery services that are carried.
    :param routes: when routes to the LAN card are leased.
    :param leases: whether announcements are leased.
    :param interest: the members are told which ports and groups are open here.
    :param replicator: who passes frames on.
    """

    capture: CaptureFrom = CaptureFrom.BOTH
    dedup_window: float = WINDOW_SECONDS
    exposure: Exposure = Exposure.GUARDED
    ports: tuple[Span, ...] = ()
    services: frozenset[LanService] = frozenset()
    routes: RouteLeases = RouteLeases.AUTO
    leases: bool = True
    interest: bool = True
    replicator: Replicator = Replicator.OFF

    @classmethod
    def parse(cls, options: dict[str, str]) -> LanSettings:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        return cls(
            _word(CaptureFrom, options["lan-capture"], "lan-capture"),
            _seconds(options["lan-dedup-window"], "lan-dedup-window", *DEDUP_WINDOWS),
            exposure=_word(Exposure, options["lan-exposure"], "lan-exposure"),
            ports=merged(parse_spans(options["lan-ports"], "lan-ports")),
            services=frozenset(_words(LanService, options["lan-services"], "lan-services")),
            routes=_word(RouteLeases, options["lan-routes"], "lan-routes"),
            leases=_word(Switch, options["lan-leases"], "lan-leases") is Switch.ON,
            interest=_word(Switch, options["lan-interest"], "lan-interest") is Switch.ON,
            replicator=_word(Replicator, options["lan-replicator"], "lan-replicator"),
        )


def _words(kind: type[Word], text: str, field: str) -> list[Word]:
    """A comma-separated list, which may be empty."""
    return [_word(kind, each.strip(), field) for each in text.split(",")] if text.strip() else []


def _word(kind: type[Word], text: str, field: str) -> Word:
    try:
        return kind(text)
    except ValueError as error:
        raise BadInput(field, f"{text!r} is none of {', '.join(each.value for each in kind)}") from error


def _seconds(text: str, field: str, low: float, high: float) -> float:
    try:
        seconds = float(text)
    except ValueError as error:
        raise BadInput(field, f"{text!r} is not a number of seconds from {low:g} to {high:g}") from error
    if not low <= seconds <= high:
        raise BadInput(field, f"{text!r} is not a number of seconds from {low:g} to {high:g}")
    return seconds
