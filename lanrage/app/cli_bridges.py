"""How bridged cards are told of on a terminal: after ``lanrage lan bridge``, and in the status."""

from __future__ import annotations

from typing import Any


def bridge_lines(bridge: dict[str, Any]) -> list[str]:
    """One bridged card, and each device of it."""
    whom = bridge["device"] or "all devices that play"
    if bridge["trouble"]:
        state = f"does not stand: {bridge['trouble']}"
    elif bridge["yields"]:
        state = "left to another member on this network"
    else:
        state = f"as {bridge['address']}"
    lines = [f"{bridge['interface']}: {whom}, {state}"]
    for device in bridge["devices"]:
        ports = [
            str(each["port"]) if each["port"] == each["party_port"] else f"{each['port']} as {each['party_port']}"
            for each in device["ports"]
        ]
        lines.append(f"  {device['address']}" + (f", UDP port {', '.join(ports)}" if ports else ""))
    return lines
