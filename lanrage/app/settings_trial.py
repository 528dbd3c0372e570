"""Reads a role's options as its start does, to see beforehand what that would refuse."""

from __future__ import annotations

from collections.abc import Callable

from lanrage.app.config import CONFIGS
from lanrage.app.log_config import LogSettings
from lanrage.app.metering_config import MeteringSettings

READERS: tuple[Callable[[dict[str, str]], object], ...] = (MeteringSettings.parse, LogSettings.parse)
"""What reads options of every role, beside the role's configuration."""


def trial_of(role: str) -> Callable[[dict[str, str]], None]:
    """What tries a role's options out; it blocks, as some options name files.

    :returns: raises BadInput that names the option and the rule.
    """

    def try_out(options: dict[str, str]) -> None:
        for read in (CONFIGS[role].parse, *READERS):
            read(options)

    return try_out
