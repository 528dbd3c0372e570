"""A game's profile as plain values, for JSON. Pure."""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import attrs

from lanrage.core.game_profile import GameProfile, TrafficClass
from lanrage.core.play_ports import Span

TITLE = ("game", "name", "confidence", "facts", "own")
"""What stands beside the values."""


def plain_profile(profile: GameProfile) -> dict[str, Any]:
    """Every value that is known: ports as ``4445/udp``, a signature in hexadecimal; what is unknown is absent."""
    return {
        field.name: _plain(value)
        for field in attrs.fields(GameProfile)
        if field.name not in TITLE and (value := getattr(profile, field.name)) not in (None, ())
    }


def _plain(value: Any) -> Any:
    match value:
        case TrafficClass():
            return value.name.lower()
        case Enum():
            return value.value
        case Span() | IPv4Address() | IPv6Address():
            return str(value)
        case bytes():
            return value.hex()
        case tuple():
            return [_plain(each) for each in value]
    if attrs.has(type(value)):
        inner = ((field.name, getattr(value, field.name)) for field in attrs.fields(type(value)))
        return {name: _plain(each) for name, each in inner if each is not None and each != ()}
    return value
