"""Strangers' bytes: each reader gives facts that are fit to be shown, None, or a DecodeError; never another error."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError
from lanrage.wire.games import FORMATS, QUERIES, Reply, huffman
from lanrage.wire.games.cursor import PLAYERS_MOST, TEXT_CHARACTERS, Cursor, text
from lanrage.wire.games.formats import DATAGRAM_BYTES
from tests import game_packets as packets
from tests.strategies_games import counts, good, hostile, names, ports, short_names

HUFFMAN_CODES = {huffman.code(symbol): symbol for symbol in range(256)}
REPLY_BYTES = 600
"""What an answer makes us send is no more than this."""


def check(told: ServerFacts | Reply | None, name: str) -> None:
    """Whatever a stranger sent: the facts are bounded."""
    if isinstance(told, Reply):
        assert 0 < len(told.payload) <= REPLY_BYTES, name
    elif told is not None:
        for shown in (told.name, told.map, told.mode, told.version, told.game):
            assert len(shown) <= 2 * TEXT_CHARACTERS + 16, (name, told)
            assert shown.isprintable(), (name, told)
        assert told.port is None or 0 < told.port < 65_536, (name, told)
        for number in (told.players, told.players_limit):
            assert number is None or 0 <= number <= PLAYERS_MOST, (name, told)


def read_by_all(payload: bytes, port: int, token: int) -> None:
    """Every format and query looks at these bytes."""
    for form in FORMATS.values():
        try:
            check(form.read(payload, port), form.name)
        except DecodeError:
            continue
    for query in QUERIES.values():
        try:
            check(query.read(payload, token), query.name)
        except DecodeError:
            continue


@given(hostile, st.sampled_from([0, 1, 6112, 28802, 65_535]), st.sampled_from([1, 0x4C5207, 2**31 - 1]))
def test_any_bytes(payload: bytes, port: int, token: int) -> None:
    """Random bytes, and right ones with a few changed, lost, doubled or added."""
    read_by_all(payload, port, token)


@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=80))
def test_right_beginning(name: str, rest: bytes) -> None:
    """A format's own first bytes and nonsense behind them."""
    for begin in STARTS.get(name, (b"",)):
        read_by_all(begin + rest, 6112, 0x4C5207)


STARTS = {
    "warcraft3": tuple(bytes([0xF7, kind]) for kind in range(0x30, 0x34)),
    "netquake": (b"\x80\0\0\x20\x83",),
    "dawn-of-war": (b"\x08\x01\x26\0\0\0" + bytes(38) + b"\x01\0\0\0",),
    "quake3": (b"\xff\xff\xff\xffinfoResponse\n\\",),
    "teeworlds": (b"\x21" + bytes(8) + b"\xff\xff\xff\xffinf3", b"\x04\0\0\0\x4c\x52\x07\x05"),
    "ddnet": (b"\xff" * 10 + b"iext", b"\xff" * 10 + b"inf3"),
    "raknet": (b"\x1c" + bytes(16) + packets.RAKNET_MAGIC,),
    "a2s": (b"\xff\xff\xff\xffI", b"\xff\xff\xff\xffm", b"\xff\xff\xff\xffA"),
    "unreal": (b"\x05\x01\0\0\0\0SR" + bytes(8),),
    "openra": (b"\x00\x0dOpenRALANGame\0\0",),
    "openrct2": (b'{"name":',),
    "armagetron": (b"\0\x33\0\0\0\x10",),
    "bzflag": (b"BZFS0221\x01\0", b"\x00\x38\x03\x03"),
    "openttd": (b"\x40\0\x01\x06", b"\x40\0\x06\x06"),
    "minecraft-lan": (b"[MOTD]", b"[MOTD]x[/MOTD][AD]"),
    "zandronum": (b"\xff\xb7\x5d\x56\0\0\0\0\0",),
}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_size_is_bounded(name: str) -> None:
    """What is larger than any game sends is refused unread."""
    with pytest.raises(DecodeError):
        FORMATS[name].read(bytes(DATAGRAM_BYTES + 1), 1)


FILLINGS = (b"[MOTD]", b"\\", b"\0", b"a;", b"\n\tA:", b"[", b'{"a":', b"\xff", b"\x1b[")


@pytest.mark.parametrize("filling", FILLINGS)
def test_work_is_bounded(filling: bytes) -> None:
    """The largest datagram of a stranger, all marks: no reader works on it for long (quadratic ones took a second)."""
    payload = filling * (DATAGRAM_BYTES // len(filling))
    begin = time.process_time()
    for begins in STARTS.values():
        read_by_all((begins[0] + payload)[:DATAGRAM_BYTES], 6112, 1)
    assert time.process_time() - begin < 0.1 * len(STARTS)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_questions(name: str) -> None:
    """A question fits one datagram, is small enough not to be an attack, and is not its own answer."""
    query = QUERIES[name]
    opening = query.opening(0x4C5207)
    assert 1 <= len(opening) <= 2
    assert all(0 < len(payload) <= 1_200 for payload in opening)
    for payload in opening:
        try:
            assert query.read(payload, 0x4C5207) is None
        except DecodeError:
            continue


@given(st.binary(max_size=400))
def test_huffman_reads_back(plain: bytes) -> None:
    """What is coded is the same afterwards, and never longer than one byte more."""
    coded = huffman.encode(plain)
    assert huffman.decode(coded) == plain
    assert len(coded) <= len(plain) + 1


@given(st.binary(max_size=300))
def test_huffman_of_strangers(data: bytes) -> None:
    """Any bytes decode to a bounded number of bytes or to an error."""
    try:
        assert len(huffman.decode(data)) <= huffman.DECODED_BYTES
    except DecodeError:
        return


@given(st.integers(0, 7), st.binary(max_size=60), st.sampled_from([1, 4, 7, 4096]))
def test_huffman_bit_by_bit(unused: int, coded: bytes, most: int) -> None:
    """Whatever comes is read as the tree says, one bit after the other."""
    bits = [byte >> place & 1 for byte in coded for place in range(8)]
    bits = bits[: len(bits) - unused] if coded else []
    symbols, rest = walked(bits)
    data = bytes([unused]) + coded
    if rest and len(symbols) < most:
        with pytest.raises(DecodeError):
            huffman.decode(data, most)
    else:
        assert huffman.decode(data, most) == symbols[:most]


def walked(bits: list[int]) -> tuple[bytes, bool]:
    """The symbols of some bits, and whether a code is cut off, by the codes alone."""
    symbols, code = bytearray(), tuple[int, ...]()
    for bit in bits:
        code = (*code, bit)
        if code in HUFFMAN_CODES:
            symbols.append(HUFFMAN_CODES[code])
            code = ()
    return bytes(symbols), bool(code)


def test_huffman_bomb() -> None:
    """The shortest code has three bits: the largest datagram decodes to no more than that, a larger one is refused."""
    shortest = bytes([0b10010010, 0b00100100, 0b01001001])
    most = b"\0" + shortest * (huffman.CODED_BYTES // 3)
    assert len(huffman.decode(most)) == 8 * (huffman.CODED_BYTES // 3)
    assert huffman.decode(most, 5) == bytes(5)
    with pytest.raises(DecodeError):
        huffman.decode(most + shortest)


@given(st.binary(max_size=500))
def test_texts_are_fit_to_be_shown(raw: bytes) -> None:
    """No control characters, no escape sequences, not too long, whatever the encoding."""
    shown = text(raw)
    assert shown.isprintable()
    assert len(shown) <= TEXT_CHARACTERS


@given(names, short_names, counts, counts, ports)
def test_facts_read_back(name: str, title: str, players: int, most: int, port: int) -> None:
    """What a host says of itself arrives, whatever it is."""
    told = FORMATS["minecraft-lan"].read(packets.minecraft_lan(name, port), 1)
    assert told == ServerFacts("minecraft-lan", name, port, "minecraft-java")
    told = FORMATS["warcraft3"].read(packets.warcraft3_info(name, f"Maps\\{title}", players, most, port), 1)
    assert told is not None
    assert (told.name, told.map, told.players, told.players_limit) == (name, title, players, most)
    told = FORMATS["zandronum"].read(packets.zandronum(name, title, most, players), port)
    assert told is not None
    assert (told.name, told.map, told.players, told.players_limit, told.port) == (name, title, players, most, port)
    told = FORMATS["widelands"].read(packets.widelands(name, title, True), 7395)
    assert told is not None
    assert (told.name, told.map) == (name, title)
    told = FORMATS["dxx"].read(packets.dxx(title, title, 7, players, most), port)
    assert told is not None
    assert (told.name, told.map, told.players, told.players_limit) == (title, f"{title} 7", players, most)


@given(names, short_names, counts, counts, ports)
def test_answers_read_back(name: str, title: str, players: int, most: int, port: int) -> None:
    """What a server answers arrives as well."""
    told = FORMATS["a2s"].read(packets.a2s(name, title, players, most, False, port), 27015)
    assert told is not None
    assert (told.name, told.map, told.players, told.players_limit, told.port) == (name, title, players, most, port)
    told = FORMATS["aoe-de"].read(packets.aoe_de(name, port), 9999)
    assert told == ServerFacts("aoe-de", name, port)
    told = FORMATS["unreal"].read(packets.unreal3(name, title, 0, most), 14001)
    assert told is not None
    assert (told.name, told.map, told.players, told.players_limit) == (name, title, most, most)
    told = FORMATS["mindustry"].read(packets.mindustry(name, title, players, most), port)
    assert told is not None
    assert (told.name, told.map, told.players, told.port) == (name, title, players, port)
    told = FORMATS["openra"].read(packets.openra({"Name": name, "Address": f"10.0.0.1:{port}"}), 1)
    assert told is not None
    assert (told.name, told.port) == (name, port)


@given(good, st.integers(-4, 400))
def test_cursor_never_leaves_its_bytes(data: bytes, size: int) -> None:
    """It takes what is there, or says that it is not."""
    cursor = Cursor(data)
    try:
        taken = cursor.take(size)
    except DecodeError:
        assert size < 0 or size > len(data)
    else:
        assert taken == data[:size]
        assert cursor.left == len(data) - size
