"""What real servers answered is read as it was meant (``tests/golden/games/answers.txt``)."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games import QUERIES, Reply
from tests.readers import check_reader

PATH = Path(__file__).parent.parent / "golden" / "games" / "answers.txt"
VARIANTS = {"teeworlds-token": "teeworlds", "ddnet-06": "ddnet"}
"""Name of an answer that is not the only one of its query: the query."""


@attrs.frozen
class Captured:
    """One answer."""

    name: str
    query: str
    token: int
    payload: bytes


def read_answers() -> dict[str, Captured]:
    """All of the file."""
    rows = [line.split() for line in PATH.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
    return {
        name: Captured(name, VARIANTS.get(name, name), int(token, 16), bytes.fromhex(payload))
        for name, token, payload in rows
    }


ANSWERS = read_answers()
BZFLAG = ServerFacts("bzflag", game="bzflag", mode="team free-for-all", version="0221", players=0, players_limit=20)
EXPECTED = {
    "teeworlds": ServerFacts(
        *("teeworlds", "lanrage-tw", None, "teeworlds", "dm1", "DM", "0.7.5"), players=0, players_limit=8, password=True
    ),
    "ddnet": ServerFacts(
        *("ddnet", "lanrage-dd", None, "ddnet", "Tutorial", "TestDDraceNetwor", "0.6.4, 16.4"),
        players=0,
        players_limit=64,
        password=False,
    ),
    "ddnet-06": ServerFacts(
        *("ddnet", "lanrage-dd [0/64]", None, "teeworlds", "Tutorial", "TestDDraceNetwor", "0.6.4, 16.4"),
        players=0,
        players_limit=16,
        password=False,
    ),
    "openttd": ServerFacts(
        *("openttd", "Unnamed Server", None, "openttd", "temperate", "", "13.0"),
        players=0,
        players_limit=25,
        password=False,
    ),
    "openttd-find": ServerFacts("openttd", game="openttd"),
    "bzflag": BZFLAG,
    "bzflag-ping": attrs.evolve(BZFLAG, port=5154),
    "quake3": ServerFacts(
        *("quake3", "lanrage-oa", None, "Quake3Arena", "oa_dm1", "", "protocol 71"),
        players=0,
        players_limit=8,
        password=False,
    ),
    "armagetron": ServerFacts(
        *("armagetron", "Unnamed Server", 4534, "armagetron", "", "", "0.2.9.1_alpha20230222 unix dedicated"),
        players=0,
        players_limit=16,
    ),
    "chocolate-doom": ServerFacts(
        *("chocolate-doom", "lanrage cd", None, "doom", "", "waiting", "Chocolate Doom 3.0.0"),
        players=0,
        players_limit=8,
    ),
    "supertuxkart": ServerFacts(
        *("supertuxkart", "lanrage stk", 2759, "supertuxkart", "", "race", "6"),
        players=0,
        players_limit=8,
        password=True,
    ),
    "luanti": ServerFacts("luanti", game="luanti"),
    "redeclipse": ServerFacts(
        *("redeclipse", "", None, "redeclipse", "vorticity", "", "230"), players=0, players_limit=32
    ),
    "freeciv": ServerFacts(*("freeciv", "lanrage-fc", 5556, "freeciv", "", "Pregame", "3.0.6"), players=0),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_facts(name: str) -> None:
    """Every fact that the server told, and none that it did not."""
    captured = ANSWERS[name]
    assert QUERIES[captured.query].read(captured.payload, captured.token) == EXPECTED[name]


def test_all_are_read() -> None:
    """No answer lies there without a test."""
    assert set(ANSWERS) == set(EXPECTED) | {"teeworlds-token"}


def test_token_leads_on() -> None:
    """Teeworlds' token makes us ask for the information with both tokens; somebody else's token does not."""
    captured = ANSWERS["teeworlds-token"]
    reply = QUERIES["teeworlds"].read(captured.payload, captured.token)
    assert reply == Reply(bytes.fromhex("2154065ca6004c5207ffffffff6769653301"))
    assert QUERIES["teeworlds"].read(captured.payload, captured.token + 1) is None


@pytest.mark.parametrize("name", ["teeworlds", "ddnet", "quake3", "redeclipse"])
def test_other_token(name: str) -> None:
    """An answer to another question is none."""
    captured = ANSWERS[name]
    assert QUERIES[captured.query].read(captured.payload, captured.token ^ 0x10) is None


@pytest.mark.parametrize("name", EXPECTED)
def test_cut_off(name: str) -> None:
    """However little of it arrives: no other error, and never the same facts with most of it missing."""
    captured = ANSWERS[name]
    query = QUERIES[captured.query]
    for size in range(len(captured.payload)):
        check_reader(lambda raw: query.read(raw, captured.token), captured.payload[:size])
    half = captured.payload[: len(captured.payload) // 2]
    try:
        told = query.read(half, captured.token)
    except DecodeError:
        return
    assert told != EXPECTED[name]


def test_goodbye() -> None:
    """Luanti's number is given back."""
    farewell = QUERIES["luanti"].farewell
    assert farewell is not None
    assert farewell(ANSWERS["luanti"].payload) == bytes.fromhex("4f457403000500" + "0003")
