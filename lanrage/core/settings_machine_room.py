"""The settings by which one looks after a service, the same for every role: metrics, alerts and the log."""

from __future__ import annotations

import re

from lanrage.core.alert_rules import BOUNDS, AlertLimits
from lanrage.core.log_levels import LevelPlan
from lanrage.core.setting import ROLES, SERVING, Setting
from lanrage.core.settings_limits import (
    LOG_FILE_COUNT,
    LOG_FILE_COUNTS,
    LOG_FILE_SIZE,
    LOG_FILE_SIZES,
    LOG_FORMATS,
)
from lanrage.core.settings_rules import OneWord, OnOff, Text, Whole
from lanrage.core.settings_texts import parse_number
from lanrage.errors import BadInput

METRICS_KINDS = ("tcp", "tcp6", "ssl", "unix", "systemd")
"""Kinds of endpoints whose listeners are known."""
METRICS_EXAMPLE = "tcp:7768:interface=127.0.0.1"
"""Where ``/metrics`` may be."""


def parse_metrics_listen(text: str, field: str) -> str:
    """An endpoint string that names the interface where it is of TCP.

    :raises BadInput: names `field`: without one the metrics would be for everybody by oversight.
    """
    kind = text.partition(":")[0]
    if text and kind not in METRICS_KINDS:
        raise BadInput(field, f"{kind!r} is none of {', '.join(METRICS_KINDS)}")
    named = re.search(r":interface=[^:]", text) is not None
    if text and kind in ("tcp", "tcp6", "ssl") and not named:
        raise BadInput(field, f"{text!r} would listen to everybody: name the interface, as in {METRICS_EXAMPLE}")
    return text


def parse_alert_limits(text: str, field: str) -> AlertLimits:
    """``NAME=NUMBER`` with commas between; those not named stay.

    :raises BadInput: names `field`.
    """
    found: dict[str, float] = {}
    for part in text.split(",") if text else ():
        name, _, number = part.partition("=")
        if name not in BOUNDS:
            raise BadInput(field, f"{name!r} is none of {', '.join(BOUNDS)}")
        found[name.replace("-", "_")] = parse_number(number, field, *BOUNDS[name])
    return AlertLimits(**found)


def check_webhook(text: str, field: str) -> str:
    """An https address or ``@FILE``, as far as its beginning tells; who reads it looks at the rest.

    :raises BadInput: names `field`, and never says the address: it is a secret.
    """
    if text and not text.startswith(("https://", "@")):
        raise BadInput(field, "a webhook's address begins with https://")
    return text


METERING_SETTINGS = (
    Setting(
        "metrics.listen",
        "metrics-listen",
        Text("an endpoint string that names its interface, or empty", parse_metrics_listen),
        "",
        f"Where /metrics is for Prometheus: an endpoint string such as {METRICS_EXAMPLE}; none = nowhere.",
        SERVING,
    ),
    Setting(
        "metrics.history",
        "metrics-history",
        OnOff(),
        "on",
        "Keep the metrics by minute, hour and day in metrics.db of the state folder, over restarts: on or off.",
        SERVING,
    ),
    Setting(
        "alerts.limits",
        "alert-limits",
        Text(f"NAME=NUMBER with commas between; names are {', '.join(AlertLimits.names())}", parse_alert_limits),
        "",
        f"When to warn: NAME=NUMBER, comma between; {', '.join(AlertLimits.names())}.",
        SERVING,
    ),
    Setting(
        "alerts.webhook",
        "alert-webhook",
        Text("an https address, @FILE, or empty", check_webhook),
        "",
        "Discord-compatible webhook that alerts are posted to: an https address or @FILE.",
        SERVING,
        secret=True,
    ),
)

LOG_SETTINGS = (
    Setting(
        "log.format",
        "log-format",
        OneWord(LOG_FORMATS),
        "plain",
        "How log lines are written: plain or json.",
        ROLES,
    ),
    Setting(
        "log.level",
        "log-level",
        Text("LEVEL, and NAMESPACE=LEVEL for some, comma between", LevelPlan.parse),
        "info",
        "Least level of log lines, and NAMESPACE=LEVEL for some; comma between.",
        ROLES,
        live=True,
    ),
    Setting(
        "log.file",
        "log-file",
        Text("a path, or empty", lambda text, field: text),
        "",
        "File of the log (default: what twistd's own options say, else standard output).",
        ROLES,
    ),
    Setting(
        "log.file_size",
        "log-file-size",
        Whole(*LOG_FILE_SIZES, "bytes"),
        str(LOG_FILE_SIZE),
        "Bytes after which the log file is set aside.",
        ROLES,
    ),
    Setting(
        "log.file_count",
        "log-file-count",
        Whole(*LOG_FILE_COUNTS, "files"),
        str(LOG_FILE_COUNT),
        "Log files that are set aside and kept.",
        ROLES,
    ),
)
