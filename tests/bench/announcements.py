"""Announcements of programs as values: recorded ones from files, and those rebuilt from public protocol documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from pathlib import Path

import attrs

from lanrage.core.lan_frames import LIMITED_BROADCAST, Udp
from tests.strategies_lan import ME, NETWORK

FOLDER = Path(__file__).parent / "data" / "announcements"
REPEATS_S = (0.15, 65.0)
"""Seconds between two equal datagrams of a recording that make it periodic."""


@attrs.frozen
class Announcement:
    """What one program says in a while.

    :param source: how it was recorded, or which document it is rebuilt from.
    :param packets: (seconds since it began, datagram in the party), in order; the program is stopped after the last.
    :param timeout: seconds after which a listener drops an entry that it does not hear of; 0 if it has none.
    """

    name: str
    source: str
    packets: Sequence[tuple[float, Udp]]
    timeout: float = 0.0


def recorded(seconds: float) -> list[Announcement]:
    """All recordings of the folder, cut after so many seconds."""
    return [_read(path, seconds) for path in sorted(FOLDER.glob("*.json"))]


def _read(path: Path, seconds: float) -> Announcement:
    content = json.loads(path.read_text(encoding="utf-8"))
    datagrams = [_datagram(row) for row in content["datagrams"]]
    packets = [(when, datagrams[number]) for when, number in content["packets"] if when < seconds]
    return Announcement(content["program"], f"{content['version']}, {content['how']}", packets)


def _datagram(row: dict[str, str]) -> Udp:
    (_, source_port), (address, port) = row["source"].split(":"), row["destination"].split(":")
    destination = IPv4Address(address)
    if not destination.is_multicast and destination != LIMITED_BROADCAST:
        destination = NETWORK.broadcast_address
    return Udp(ME, destination, int(source_port), int(port), bytes.fromhex(row["payload"]))


@attrs.frozen
class Beacon:
    """An announcement rebuilt from a document.

    :param ports: source and destination.
    :param timeout: of the game's own list, where the document names one; else three periods.
    """

    name: str
    source: str
    period: float
    ports: tuple[int, int]
    payload: Callable[[float], bytes]
    destination: IPv4Address = LIMITED_BROADCAST
    timeout: float = 0.0

    def play(self, seconds: float) -> Announcement:
        """Say it for so long, each time a little late as programs are."""
        packets, number = [], 0
        while (when := 1.0 + number * (self.period + 0.0007) + 0.004 * (number * 7 % 5)) < seconds:
            packets.append((when, Udp(ME, self.destination, *self.ports, self.payload(when))))
            number += 1
        return Announcement(self.name, self.source, packets, self.timeout or 3 * self.period)


def _u32(value: float) -> bytes:
    return (int(value) % 2**32).to_bytes(4, "little")


BEACONS: Sequence[Beacon] = (
    Beacon(
        "Minecraft Java",
        "LanServerPinger, LanServerDetection (public copies of both); the list drops an entry after 5 s",
        1.5,
        (50412, 4445),
        lambda now: b"[MOTD]Steve - New World[/MOTD][AD]25565[/AD]",
        IPv4Address("224.0.2.60"),
        5.0,
    ),
    Beacon(
        "Zandronum",
        "TorrSamaho/zandronum src/sv_master.cpp: full server information each second (here 180 bytes, as if encoded)",
        1.0,
        (10666, 15101),
        lambda now: bytes((number * 37 + 11) % 256 for number in range(180)),
    ),
    Beacon(
        "DXX-Rebirth",
        "dxx-rebirth common/main/net_udp.h: game_info_lite each 10 s, 73 bytes",
        10.0,
        (42424, 42424),
        lambda now: (
            b"\x03D1XR\0\0\x3c\0\1\0" + _u32(77) + b"party".ljust(16, b"\0") + b"level one".ljust(26, b"\0") + bytes(16)
        ),
    ),
    Beacon(
        "Warcraft III",
        "nielsAD/gowarcraft3 protocol/w3gs/packets.go: RefreshGame, each 5 s",
        5.0,
        (6112, 6112),
        lambda now: b"\xf7\x32\x10\0" + _u32(1) + _u32(2) + _u32(8),
    ),
    Beacon(
        "melonDS",
        "melonDS-emu/melonDS src/net/LAN.cpp: each second, a tick in milliseconds; dropped after 5 s",
        1.0,
        (7063, 7063),
        lambda now: b"LAND" + _u32(1) + _u32(81_000 + 1000 * now) + b"Ann's game".ljust(64, b"\0") + b"\1\4\0\0",
        timeout=5.0,
    ),
    Beacon(
        "Age of Empires II DE",
        "luskaner/ageLANServer battle-server-broadcast: 21 24 00, GUID, name, three ports; each second",
        1.0,
        (50999, 9999),
        lambda now: b"\x21\x24\0" + b"8d2c1f5e-3b7a-4a46-9d0e-5b1f6c7a8e90" + b"\4\0room" + bytes(6),
    ),
    Beacon(
        "C&C Generals Zero Hour",
        "LANAPI.cpp (TheSuperHackers/GeneralsGameCode): 477 bytes each 10 s, the CRC covers what stays the same",
        10.0,
        (8086, 8086),
        lambda now: bytes.fromhex("5a1b3c9d0df0") + bytes((number * 13 + 5) % 256 for number in range(471)),
    ),
    Beacon(
        "Torchlight II",
        "jhj0411jhj/torchlight2_lan_game_server_tool issue 1: each 30 s (here 120 bytes)",
        30.0,
        (4549, 4549),
        lambda now: bytes((number * 29 + 3) % 256 for number in range(120)),
    ),
    Beacon(
        "MegaGlest",
        "MegaGlest socket.cpp: 1024 bytes of text to 61357 each second",
        1.0,
        (61357, 61357),
        lambda now: b"room:192.168.1.20:61357".ljust(1024, b"\0"),
    ),
)
