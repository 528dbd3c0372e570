"""What a node is told of its users' desktops; checked here, at the door."""

from __future__ import annotations

import attrs

from lanrage.app.settings_options import read
from lanrage.core.desktop_notes import USUAL, parse_kinds
from lanrage.core.notices import NoticeKind


@attrs.frozen
class DesktopSettings:
    """What desktops are told.

    :param events: of these kinds.
    :param rejoin: the node is in its party while one of its users is logged in.
    """

    events: frozenset[NoticeKind] = parse_kinds(USUAL, "desktop-notify")
    rejoin: bool = False

    @classmethod
    def parse(cls, options: dict[str, str]) -> DesktopSettings:
        """Read the options.

        :raises BadInput: names the option and the rule.
        """
        return cls(read(options, "desktop.notify"), read(options, "desktop.rejoin"))
