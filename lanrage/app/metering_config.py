"""Options of metrics and alerts, the same for every role; checked here, at the door."""

from __future__ import annotations

import attrs

from lanrage.app.settings_options import parameters, read, text_of
from lanrage.core.alert_rules import AlertLimits
from lanrage.core.settings_machine_room import METERING_SETTINGS
from lanrage.errors import BadInput
from lanrage.net.webhook import check_url
from lanrage.store.named_file import read_named

METERING = parameters(METERING_SETTINGS)
"""Rows of :class:`twisted.python.usage.Options`."""


def parse_webhook(text: str) -> str:
    """An https address, or ``@FILE`` whose first line is one, so that it shows in no process list.

    :raises BadInput: field ``alert-webhook``.
    """
    if text.startswith("@"):
        try:
            text = read_named(text[1:])
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput("alert-webhook", f"the file {text[1:]} cannot be read: {error}") from error
    return check_url(text, "alert-webhook") if text else ""


@attrs.frozen
class MeteringSettings:
    """What a role is told of its metrics.

    :param listen: endpoint string of ``/metrics``; empty = nowhere.
    :param limits: of the alerts.
    :param history: of the series is kept on disk.
    :param webhook: https address for alerts; empty = none. A secret.
    """

    listen: str = ""
    limits: AlertLimits = AlertLimits()
    webhook: str = attrs.field(default="", repr=False)
    history: bool = True

    @classmethod
    def parse(cls, options: dict[str, str]) -> MeteringSettings:
        """Read the options.

        :raises BadInput: names the option and the rule.
        """
        webhook = parse_webhook(text_of(options, "alerts.webhook"))
        listen, limits = read(options, "metrics.listen"), read(options, "alerts.limits")
        return cls(listen, limits, webhook, read(options, "metrics.history"))
