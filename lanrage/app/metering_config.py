"""Options of metrics and alerts, the same for every role; checked here, at the door."""

from __future__ import annotations

import attrs

from lanrage.app.settings_options import parameters, read, text_of
from lanrage.core.alert_rules import AlertLimits
from lanrage.core.notice_targets import Target, TargetKind, TargetNamed, check_token, check_url
from lanrage.core.settings_machine_room import METERING_SETTINGS
from lanrage.core.settings_notify import NOTIFY_SETTINGS
from lanrage.errors import BadInput
from lanrage.store.named_file import read_named

METERING = parameters([*METERING_SETTINGS, *NOTIFY_SETTINGS])
"""Rows of :class:`twisted.python.usage.Options`."""


def parse_webhook(text: str) -> str:
    """An https address, or ``@FILE`` whose first line is one, so that it shows in no process list.

    :raises BadInput: field ``alert-webhook``.
    """
    text = _read_file(text, "alert-webhook")
    return check_url(text, "alert-webhook", TargetKind.DISCORD) if text else ""


def parse_notify(options: dict[str, str]) -> tuple[Target, ...]:
    """Who is told of what happens, with what lies in files.

    :raises BadInput: names the option and the rule, and no secret.
    """
    named: tuple[TargetNamed, ...] = read(options, "notify.targets")
    tokens = {
        TargetKind.NTFY: _token(options, "notify.ntfy_token", "notify-ntfy-token"),
        TargetKind.MATRIX: _token(options, "notify.matrix_token", "notify-matrix-token"),
    }
    if any(each.kind is TargetKind.MATRIX for each in named) and not tokens[TargetKind.MATRIX]:
        raise BadInput("notify-matrix-token", "a room of Matrix needs the access token of who writes there")
    return tuple(
        Target(
            each.kind,
            check_url(_read_file(each.place, "notify"), "notify", each.kind),
            each.events,
            tokens.get(each.kind, ""),
        )
        for each in named
    )


def _token(options: dict[str, str], name: str, field: str) -> str:
    return check_token(_read_file(text_of(options, name), field), field)


def _read_file(text: str, field: str) -> str:
    """A text, or what is in the file that ``@FILE`` names."""
    if not text.startswith("@"):
        return text
    try:
        return read_named(text[1:])
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(field, f"the file {text[1:]} cannot be read: {error}") from error


@attrs.frozen
class MeteringSettings:
    """What a role is told of its metrics.

    :param listen: endpoint string of ``/metrics``; empty = nowhere.
    :param limits: of the alerts.
    :param history: of the series is kept on disk.
    :param webhook: https address for alerts; empty = none. A secret.
    :param targets: who is told of what happens.
    """

    listen: str = ""
    limits: AlertLimits = AlertLimits()
    webhook: str = attrs.field(default="", repr=False)
    history: bool = True
    targets: tuple[Target, ...] = attrs.field(default=(), repr=False)

    @classmethod
    def parse(cls, options: dict[str, str]) -> MeteringSettings:
        """Read the options.

        :raises BadInput: names the option and the rule.
        """
        webhook = parse_webhook(text_of(options, "alerts.webhook"))
        listen, limits = read(options, "metrics.listen"), read(options, "alerts.limits")
        return cls(listen, limits, webhook, read(options, "metrics.history"), parse_notify(options))
