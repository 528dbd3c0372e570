"""The words of the LAN plane's settings (``docs/protocol-lan.rst``)."""

from __future__ import annotations

from enum import Enum


class CaptureFrom(Enum):
    """From which cards games' broadcasts are carried: setting ``lan.capture``."""

    BOTH = "both"  # the LAN card and this machine's real cards
    PARTY = "party"  # the LAN card alone
    OFF = "off"  # none: this machine hears the others' games and shows none of its own


class Replicator(Enum):
    """Who may pass on this machine's frames, and bring it those of others: setting ``lan.replicator``."""

    OFF = "off"  # nobody: each member sends to each
    HOST = "host"  # the party's host
