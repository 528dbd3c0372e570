"""Another program understands the same bytes in the same way: opengsq is the oracle where no server is at hand."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opengsq import protocols  # type: ignore[import-untyped]

from lanrage.wire.games import FORMATS, QUERIES
from tests import game_packets as packets
from tests.wire.test_games_described import CASES, RAKNET
from tests.wire.test_games_real import ANSWERS

LOOPBACK = "127.0.0.1"


@contextmanager
def server(kind: socket.SocketKind, answer: bytes) -> Iterator[int]:
    """Answers the first question; its port."""
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.settimeout(10)
        listener.bind((LOOPBACK, 0))
        if kind is socket.SOCK_STREAM:
            listener.listen()

        def serve() -> None:
            if kind is socket.SOCK_DGRAM:
                listener.sendto(answer, listener.recvfrom(2048)[1])
                return
            with listener.accept()[0] as talk:
                talk.recv(2048)
                talk.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def oracle(name: str, method: str, answer: bytes, kind: socket.SocketKind = socket.SOCK_DGRAM) -> Any:
    """What the other program makes of an answer."""
    with server(kind, answer) as port:
        return asyncio.run(getattr(getattr(protocols, name)(LOOPBACK, port, 5.0), method)())


def test_a2s() -> None:
    """The form of Source."""
    payload, ours = CASES["a2s"]
    theirs = oracle("Source", "get_info", payload)
    assert (theirs.name, theirs.map, theirs.players, theirs.max_players) == (
        *(ours.name, ours.map, ours.players, ours.players_limit),
    )
    assert (theirs.port, theirs.version, bool(theirs.visibility.value)) == (ours.port, ours.version, ours.password)


def test_raknet() -> None:
    """Bedrock's pong."""
    ours = FORMATS["raknet"].read(packets.raknet(RAKNET), 0)
    theirs = oracle("RakNet", "get_status", packets.raknet(RAKNET))
    assert ours is not None
    assert (theirs.motd_line2, theirs.version_name, theirs.num_players, theirs.max_players) == (
        *(ours.map, ours.version, ours.players, ours.players_limit),
    )


def test_minecraft() -> None:
    """The status by TCP."""
    status = {"description": "Ann", "players": {"online": 1, "max": 4}, "version": {"name": "1.20", "protocol": 763}}
    ours = QUERIES["minecraft"].read(packets.minecraft_status(status), 1)
    theirs = oracle("Minecraft", "get_status", packets.minecraft_status(status), socket.SOCK_STREAM)
    assert getattr(ours, "players", None) == theirs["players"]["online"]
    assert getattr(ours, "name", None) == theirs["description"]


def test_quake3() -> None:
    """A real server's answer."""
    ours = QUERIES["quake3"].read(ANSWERS["quake3"].payload, ANSWERS["quake3"].token)
    theirs = oracle("Quake3", "get_info", ANSWERS["quake3"].payload.replace(b"5001735", b"opengsq"))
    assert (getattr(ours, "name", None), getattr(ours, "map", None)) == (theirs["hostname"], theirs["mapname"])


def test_unreal() -> None:
    """The beacon of Unreal Engine 3."""
    ours = CASES["unreal"][1]
    payload = packets.unreal3("Ann", "DM-Deck", 14, 16, blob=False)
    theirs = protocols.UDK(LOOPBACK)._parse_response(payload)  # pylint: disable=protected-access  # its only door
    name, level = (theirs[key].rstrip("\0") for key in ("name", "map"))  # it keeps the zero byte
    assert (name, level, theirs["num_players"], theirs["max_players"]) == (
        *(ours.name, ours.map, ours.players, ours.players_limit),
    )


def test_dawn_of_war() -> None:
    """The host's broadcast; it has no list of factions, which the other reader wants."""
    payload, ours = CASES["dawn-of-war"]
    reader = protocols.W40kDow(LOOPBACK)
    theirs = reader._parse_broadcast(payload + bytes(14), ("10.0.0.1", 6112))  # pylint: disable=protected-access
    assert (theirs.game_title, theirs.map_scenario, theirs.current_players, theirs.max_players, theirs.port) == (
        *(ours.name, ours.map, ours.players, ours.players_limit, ours.port),
    )


def test_warcraft3() -> None:
    """The masked settings."""
    path = "Maps\\FrozenThrone\\(2)EchoIsles.w3x"
    payload = packets.warcraft3_info("Ann", path, 1, 2, 6112)
    masked = payload[4 + 16 + len("Ann\0\0") :].partition(b"\0")[0]
    theirs = protocols.Warcraft3(LOOPBACK)._get_map_name_from_settings(masked)  # pylint: disable=protected-access
    ours = FORMATS["warcraft3"].read(payload, 6112)
    assert ours is not None
    assert theirs
    assert theirs in ours.map
