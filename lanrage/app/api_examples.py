"""Example arguments of operations, for the documents that are made from their table."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.operation import Operation
from lanrage.errors import BadInput
from lanrage.wire.local import convert_args

VALUES: dict[str, Any] = {
    "address": "Ben:27960",
    "code": "LR1-AbCdEfGh",
    "device": "",
    "game": "openarena",
    "interface": "eth0",
    "member": "Ben",
    "member_name": "Ann",
    "link": "lanrage://play.example.org:7766/join#LR1-AbCdEfGh",
    "name": "Friday",
    "number": 1,
    "role": "moderator",
    "server": "Ben:27960",
    "set_name": "evening",
    "text": "ready in five minutes",
    "title": "Friday",
    "toml": '[lan]\nexposure = "games"\n',
    "values": {"lan.exposure": "games"},
    "windows": [],
}
"""What an argument may be, by its name; others are left to their defaults."""

OTHERS: dict[str, dict[str, Any]] = {
    "party.create": {"name": "Friday", "member_name": "Ann", "server": "play.example.org:7766"},
    "party.invite": {"uses": 3, "expires_hours": 2},
    "lan.bridge": {"interface": "eth0", "device": "192.168.1.20"},
    "metrics.show": {"name": "peer_*", "window": 300},
    "servers.list": {"reachable": True, "sort": "latency"},
    "servers.tag": {"server": "Ben:27960", "add": ["friday"]},
    "settings.show": {"name": "lan.exposure"},
    "logs.show": {"level": "warning", "limit": 20},
}
"""Where the names alone do not say enough."""


def example_of(row: Operation) -> dict[str, Any] | None:
    """Arguments that the operation takes; ``None`` where none are known for what it must be given."""
    fields = msgspec.structs.fields(row.request)
    found = OTHERS.get(row.name)
    if found is None:
        found = {field.name: VALUES[field.name] for field in fields if field.required and field.name in VALUES}
    try:
        convert_args(found, row.request)
    except BadInput:
        return None
    return found
