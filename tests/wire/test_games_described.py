"""Formats that were checked against their descriptions: each fact is read back from bytes as the game writes them."""

from __future__ import annotations

import pytest

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games import FORMATS, QUERIES, Reply
from tests import game_packets as packets

OPENRA = {
    "Protocol": "2",
    "Name": "Ann's game",
    "Address": "0.0.0.0:1234",
    "Mod": "ra",
    "Version": "release-20231010",
    "Players": "2",
    "MaxPlayers": "8",
    "Map": "abc123",
    "Protected": "True",
}
OPENRCT2 = {"name": "Park", "port": 11753, "version": "0.4.8", "players": 1, "maxPlayers": 16, "requiresPassword": True}
RAKNET = "MCPE;\u00a7aAnn's world;686;1.21.2;3;10;123;Bedrock level;Survival;1;19140;19141;"
CASES = {
    "minecraft-lan": (
        packets.minecraft_lan("\u00a7lAnn - World", 50123),
        ServerFacts("minecraft-lan", "Ann - World", 50123, "minecraft-java"),
    ),
    "warcraft3": (
        packets.warcraft3_info("Ann's game", "Maps\\FrozenThrone\\(2)EchoIsles.w3x", 1, 2, 6113),
        ServerFacts(
            *("warcraft3", "Ann's game", 6113, "warcraft3-frozen-throne", "(2)EchoIsles.w3x", "", "1.26", 1, 2),
        ),
    ),
    "zandronum": (
        packets.zandronum_all("Ann's", "MAP01", 3, 15),
        ServerFacts("zandronum", "Ann's", 9, "zandronum", "MAP01", "deathmatch", "3.2", 3, 8, True),
    ),
    "widelands": (
        packets.widelands("ann", "Crater", True),
        ServerFacts("widelands", "ann", 7396, "widelands", "Crater", "", "1.1"),
    ),
    "dxx": (
        packets.dxx("Ann", "Chaos", -2, 1, 8),
        ServerFacts("dxx", "Ann", 9, "", "Chaos -2", "cooperative", "0.61.0", 1, 8),
    ),
    "aoe-de": (packets.aoe_de("Ann's", 27012), ServerFacts("aoe-de", "Ann's", 27012)),
    "melonds": (
        packets.melonds("Ann", 1, 4),
        ServerFacts("melonds", "Ann", 7064, version="1", players=1, players_limit=4),
    ),
    "unreal": (
        packets.unreal3("Ann", "DM-Deck", 14, 16),
        ServerFacts("unreal", "Ann", 7777, "unreal-tournament-3", "DM-Deck", players=2, players_limit=16),
    ),
    "quake3": (
        packets.quake3(
            {"hostname": "^1Ann^7s", "mapname": "q3dm1", "clients": "2", "sv_maxclients": "8", "g_needpass": "1"}
        ),
        ServerFacts("quake3", "Anns", 9, "", "q3dm1", players=2, players_limit=8, password=True),
    ),
    "raknet": (
        packets.raknet(RAKNET),
        ServerFacts("raknet", "Ann's world", 19140, "minecraft-bedrock", "Bedrock level", "Survival", "1.21.2", 3, 10),
    ),
    "a2s": (
        packets.a2s("Ann's", "ctf_2fort", 3, 24, True, 27016),
        ServerFacts("a2s", "Ann's", 27016, "tf", "ctf_2fort", "Team Fortress", "1.0", 3, 24, True),
    ),
    "netquake": (
        packets.netquake("Ann", "e1m1", 2, 8),
        ServerFacts("netquake", "Ann", 9, "", "e1m1", "", "protocol 3", 2, 8),
    ),
    "openclonk": (b"\x04\xcc\x70\x2b", ServerFacts("openclonk", port=11120, game="openclonk")),
    "dawn-of-war": (
        packets.dawn_of_war("Ann\u00e4", "2P_Outer_Reaches", 1, 2, 6112),
        ServerFacts("dawn-of-war", "Ann\u00e4", 6112, "dawn-of-war", "2P_Outer_Reaches", "", "1.51", 1, 2),
    ),
    "hedgewars": (b"hedgewars server\nAnn", ServerFacts("hedgewars", "Ann", 46631, "hedgewars")),
    "openra": (
        packets.openra(OPENRA),
        ServerFacts("openra", "Ann's game", 1234, "ra", "abc123", "", "release-20231010", 2, 8, True),
    ),
    "openrct2": (
        packets.openrct2(OPENRCT2),
        ServerFacts("openrct2", "Park", 11753, "openrct2", "", "", "0.4.8", 1, 16, True),
    ),
    "mindustry": (
        packets.mindustry("[scarlet]Ann", "frozenForest", 2, 0),
        ServerFacts("mindustry", "Ann", 9, "mindustry", "frozenForest", "attack", "official 146", 2),
    ),
    "retroarch": (
        packets.retroarch("ann", 55435, 2),
        ServerFacts("retroarch", "ann", 55435, "Gambatte", "tetris", "", "1.14.0", password=False),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_facts(name: str) -> None:
    """All of them; port 9 stands for the source port where the game is there."""
    payload, expected = CASES[name]
    assert FORMATS[name].read(payload, 9) == expected


def test_warcraft3_changes() -> None:
    """A game that opens, changes and closes."""
    read = FORMATS["warcraft3"].read
    opened = packets.warcraft3(0x31, b"3RAW" + bytes([26, 0, 0, 0]) + bytes(4))
    assert read(opened, 6112) == ServerFacts("warcraft3", game="warcraft3", version="1.26")
    changed = packets.warcraft3(0x32, bytes(4) + bytes([3, 0, 0, 0]) + bytes([5, 0, 0, 0]))
    assert read(changed, 6112) == ServerFacts("warcraft3", players=3, players_limit=8)
    assert read(packets.warcraft3(0x33, bytes(4)), 6112) == ServerFacts("warcraft3", closing=True)
    assert read(packets.warcraft3(0x2F, bytes(12)), 6112) is None, "a search is no server"
    with pytest.raises(DecodeError):
        read(packets.warcraft3(0x33, bytes(4)) + b"x", 6112)


def test_widelands_closed() -> None:
    """The last word of a host."""
    told = FORMATS["widelands"].read(packets.widelands("ann", "Crater", False), 7395)
    assert told is not None
    assert told.closing


@pytest.mark.parametrize("minutes", [0, 15])
def test_zandronum_time_limit(minutes: int) -> None:
    """The time that is left is there only with a limit; the players after it are right either way."""
    told = FORMATS["zandronum"].read(packets.zandronum_all("Ann's", "MAP01", 5, minutes), 10666)
    assert told is not None
    assert (told.port, told.players) == (10666, 5)


def test_unreal4() -> None:
    """Of the newer engine only that somebody hosts is known, and which game it is by number."""
    answer = bytes([10, 1, 0, 0, 0, 7]) + b"SR" + bytes(8) + b"anything"
    assert FORMATS["unreal"].read(answer, 14001) == ServerFacts("unreal", game="unreal:00000007")
    assert FORMATS["unreal"].read(answer.replace(b"SR", b"SQ"), 14001) is None


def test_a2s_challenge() -> None:
    """A challenge is sent back behind the question."""
    query = QUERIES["a2s"]
    assert query.read(b"\xff\xff\xff\xffA\x01\x02\x03\x04", 1) == Reply(query.opening(1)[0] + b"\x01\x02\x03\x04")
    with pytest.raises(DecodeError):
        query.read(b"\xff\xff\xff\xffA\x01", 1)


def test_a2s_of_old() -> None:
    """GoldSrc's answer, with its address first."""
    texts = packets.zero_ended("10.0.0.1:27015", "Ann's", "de_dust", "cstrike", "Counter-Strike")
    told = FORMATS["a2s"].read(b"\xff\xff\xff\xffm" + texts + bytes([2, 16, 47, 100, 108, 1, 0]), 27015)
    assert told == ServerFacts(
        *("a2s", "Ann's", 27015, "cstrike", "de_dust", "Counter-Strike"), players=2, players_limit=16, password=True
    )


def test_minecraft_status() -> None:
    """The description may be formatted in many ways; half an answer is none yet."""
    query = QUERIES["minecraft"]
    component = {"text": "\u00a7aAnn", "extra": ["'s ", {"text": "world", "extra": [{"text": "!"}]}]}
    stream = packets.minecraft_status(
        {
            "description": component,
            "players": {"online": 2, "max": 8},
            "version": {"name": "1.20.4"},
            "favicon": "data:",
        }
    )
    expected = ServerFacts(
        "minecraft", "Ann's world!", game="minecraft-java", version="1.20.4", players=2, players_limit=8
    )
    assert query.read(stream, 1) == expected
    for size in range(len(stream)):
        assert query.read(stream[:size], 1) is None


@pytest.mark.parametrize(
    "stream",
    [b"\xff\xff\xff\xff\xff\xff", packets.varint(20_000) + b"x", b"\x02\x01\x00", packets.minecraft_status([1])],
    ids=["no length", "too long", "another packet", "another JSON"],
)
def test_minecraft_refused(stream: bytes) -> None:
    """What will never be a status is broken at once."""
    with pytest.raises(DecodeError):
        QUERIES["minecraft"].read(stream, 1)


def test_bzflag_refused() -> None:
    """A server that bans us says so; other messages before the answer are skipped."""
    with pytest.raises(DecodeError):
        QUERIES["bzflag"].read(b"BZFS0221\xff", 1)
    answer = b"BZFS0221\x01" + b"\x00\x02gt\x00\x00" + b"\x00\x14qg" + bytes([0, 1, 0, 0, 0, 9]) + bytes(14)
    told = QUERIES["bzflag"].read(answer, 1)
    assert isinstance(told, ServerFacts)
    assert (told.mode, told.players_limit) == ("capture the flag", 9)


def test_openttd_files() -> None:
    """The files of a game are skipped however they are named; a version from the future is not guessed at."""
    tail = bytes(8) + b"\x0f\x00\x19" + b"Ann\0" + b"14.1\0" + b"\x01\x08\x02\x00" + bytes([0, 1, 0, 1, 3, 1])
    script = b"\xff\xff\xff\xff\0"
    named = b"\x07" + bytes(8) + b"\x01" + script + b"\x01" + bytes(20) + b"file\0" + tail
    by_index = b"\x07" + bytes(8) + b"\x02" + script + b"\x02" + bytes(8) + tail
    for body in (named, by_index):
        told = QUERIES["openttd"].read((len(body) + 3).to_bytes(2, "little") + b"\x06" + body, 1)
        assert told == ServerFacts("openttd", "Ann", None, "openttd", "toyland", "", "14.1", 2, 8, True)
    with pytest.raises(DecodeError):
        QUERIES["openttd"].read(b"\x05\x00\x06\x08\x00", 1)
