"""Options of metrics and alerts, the same for every role; checked here, at the door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from lanrage.app.relay_config import parse_number
from lanrage.core.alert_rules import BOUNDS, AlertLimits
from lanrage.errors import BadInput
from lanrage.net.metrics_port import EXAMPLE, FIELD
from lanrage.net.webhook import check_url

METERING: list[list[Any]] = [
    [FIELD, None, "", f"Where /metrics is for Prometheus: an endpoint string such as {EXAMPLE}; none = nowhere."],
    ["alert-limits", None, "", f"When to warn: NAME=NUMBER, comma between; {', '.join(AlertLimits.names())}."],
    ["alert-webhook", None, "", "Discord-compatible webhook that alerts are posted to: an https address or @FILE."],
]
"""Rows of :class:`twisted.python.usage.Options`."""


def parse_listen(text: str) -> str:
    """An endpoint string that names the interface where it is of TCP.

    :raises BadInput: field ``metrics-listen``: without one the metrics would be for everybody by oversight.
    """
    kind = text.partition(":")[0]
    if text and kind in ("tcp", "tcp6", "ssl") and ":interface=" not in text:
        raise BadInput(FIELD, f"{text!r} would listen to everybody: name the interface, as in {EXAMPLE}")
    return text


def parse_limits(text: str) -> AlertLimits:
    """``NAME=NUMBER`` with commas between; those not named stay.

    :raises BadInput: field ``alert-limits``.
    """
    found: dict[str, float] = {}
    for part in text.split(",") if text else ():
        name, _, number = part.partition("=")
        if name not in BOUNDS:
            raise BadInput("alert-limits", f"{name!r} is none of {', '.join(BOUNDS)}")
        found[name.replace("-", "_")] = parse_number(number, "alert-limits", *BOUNDS[name])
    return AlertLimits(**found)


def parse_webhook(text: str) -> str:
    """An https address, or ``@FILE`` whose first line is one, so that it shows in no process list.

    :raises BadInput: field ``alert-webhook``.
    """
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput("alert-webhook", f"the file {text[1:]} cannot be read: {error}") from error
    return check_url(text, "alert-webhook") if text else ""


@attrs.frozen
class MeteringSettings:
    """What a role is told of its metrics.

    :param listen: endpoint string of ``/metrics``; empty = nowhere.
    :param limits: of the alerts.
    :param webhook: https address for alerts; empty = none. A secret.
    """

    listen: str = ""
    limits: AlertLimits = AlertLimits()
    webhook: str = attrs.field(default="", repr=False)

    @classmethod
    def parse(cls, options: dict[str, str]) -> MeteringSettings:
        """Read the options.

        :raises BadInput: names the option and the rule.
        """
        limits, webhook = parse_limits(options["alert-limits"]), parse_webhook(options["alert-webhook"])
        return cls(parse_listen(options[FIELD]), limits, webhook)
