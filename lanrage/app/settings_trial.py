"""Reads a role's options as its start does, to see beforehand what that would refuse."""

from __future__ import annotations

from collections.abc import Callable

from lanrage.app.config import CONFIGS
from lanrage.app.log_config import LogSettings, check_log_file
from lanrage.app.metering_config import MeteringSettings

READERS: tuple[Callable[[dict[str, str]], object], ...] = (MeteringSettings.parse, LogSettings.parse, check_log_file)
"""What reads options of every role, beside the role's configuration."""


def trials_of(role: str) -> tuple[Callable[[dict[str, str]], object], ...]:
    """What try a role's options out, each by itself; they block, as some options name files.

    :returns: each raises BadInput that names the option and the rule.
    """
    return (CONFIGS[role].parse, *READERS)
