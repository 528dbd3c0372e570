"""What a node is told about games at its start (``docs/games-detection.rst``); checked here, at the door."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from lanrage.app.settings_options import parameters, read
from lanrage.core.settings_detection import DETECTION_SETTINGS

DETECTION = parameters(DETECTION_SETTINGS)
"""Options of the roles that have a node (:class:`twisted.python.usage.Options`)."""

POLL = 5.0
"""Seconds between two looks at all processes where the kernel does not tell of new ones."""


@attrs.frozen
class GamesSettings:
    """How games are noticed.

    :param detect: they are.
    :param poll: seconds between two looks at all processes.
    """

    detect: bool = True
    poll: float = POLL

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> GamesSettings:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        return cls(read(options, "games.detect"), read(options, "games.poll"))


DEFAULTS = GamesSettings()
"""Of a node that is told nothing."""
