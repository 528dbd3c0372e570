"""Announcements and answers as the games write them, for tests: the other side of :mod:`lanrage.wire.games`."""

from __future__ import annotations

import json
import struct

from lanrage.wire.games import huffman

RAKNET_MAGIC = bytes.fromhex("00ffff00fefefefefdfdfdfd12345678")


def zero_ended(*texts: str) -> bytes:
    """Texts, each with a zero byte after it."""
    return b"".join(text.encode() + b"\0" for text in texts)


def field(text: str, size: int) -> bytes:
    """A text in a field of fixed size, which it does not fill."""
    return text.encode()[: size - 1].ljust(size, b"\0")


def short(text: str) -> bytes:
    """A text after a byte that tells its length."""
    raw = text.encode()
    return bytes([len(raw)]) + raw


def minecraft_lan(motd: str, port: int) -> bytes:
    """An open world's announcement."""
    return f"[MOTD]{motd}[/MOTD][AD]{port}[/AD]".encode()


def varint(value: int) -> bytes:
    """A number as Minecraft writes it."""
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def minecraft_status(status: object) -> bytes:
    """A server's status by TCP."""
    text = json.dumps(status).encode()
    body = b"\0" + varint(len(text)) + text
    return varint(len(body)) + body


def warcraft3(kind: int, body: bytes) -> bytes:
    """Any of its datagrams."""
    return struct.pack("<BBH", 0xF7, kind, len(body) + 4) + body


def warcraft3_mask(plain: bytes) -> bytes:
    """The settings as they travel: no zero byte inside; an even byte goes up by one."""
    out = bytearray()
    for begin in range(0, len(plain), 7):
        block = plain[begin : begin + 7]
        out.append(1 | sum(1 << bit for bit, byte in enumerate(block, 1) if byte & 1))
        out.extend(byte if byte & 1 else byte + 1 for byte in block)
    return bytes(out)


def warcraft3_info(name: str, path: str, used: int, total: int, port: int) -> bytes:
    """An open game."""
    settings = struct.pack("<IBHHI", 0x2002, 0, 116, 116, 0x1234) + zero_ended(path, "Ann") + bytes(21)
    head = struct.pack("<4sIII", b"PX3W", 26, 1, 7) + zero_ended(name, "")
    tail = struct.pack("<5IH", total, 1, used, max(0, total - used), 3, port)
    return warcraft3(0x30, head + warcraft3_mask(settings) + b"\0" + tail)


def zandronum(name: str, level: str, most: int, players: int) -> bytes:
    """A server's answer with the least that a list shows."""
    head = struct.pack("<II", 5_660_023, 7) + b"3.2\0" + struct.pack("<I", 0x1 | 0x8 | 0x20 | 0x80000)
    return huffman.encode(head + zero_ended(name, level) + bytes([most, players]))


def zandronum_all(name: str, level: str, players: int, minutes: int) -> bytes:
    """What a server broadcasts: every field."""
    body = struct.pack("<II", 5_660_023, 0) + b"3.2\0" + struct.pack("<I", 0x1F7FFF & ~0x8000)
    body += zero_ended(name, "http://x", "a@b", level) + bytes([16, 8])
    body += (
        b"\x02" + zero_ended("a.wad", "b.pk3") + bytes([3, 0, 0]) + zero_ended("DOOM II", "doom2.wad") + bytes([1, 0])
    )
    body += bytes([3, 2]) + bytes(12) + struct.pack("<HH", 20, minutes) + (b"\x05\0" if minutes else b"") + bytes(6)
    return huffman.encode(body + bytes(4) + bytes(4) + bytes([players]))


def widelands(host: str, title: str, opened: bool) -> bytes:
    """A host's announcement."""
    return b"GAME\0\0\x01" + bytes([opened]) + field("1.1", 32) + field(host, 128) + field(title, 32)


def dxx(name: str, title: str, level: int, players: int, most: int) -> bytes:
    """A host's announcement."""
    head = struct.pack("<BHHHI", 5, 0, 61, 0, 99) + field(name, 16) + field(title, 26) + field("chaos", 9)
    return head + struct.pack("<i7B", level, 3, 0, 2, 4, players, most, 0)


def aoe_de(name: str, port: int) -> bytes:
    """A battle server's announcement."""
    guid = b"01234567-89ab-cdef-0123-456789abcdef"
    raw = name.encode()
    return b"\x21\x24\0" + guid + struct.pack("<H", len(raw)) + raw + struct.pack("<HHH", port, 2, 3)


def melonds(name: str, players: int, most: int) -> bytes:
    """A host's announcement; the compiler pads it to 80 bytes."""
    return b"LAND" + struct.pack("<II", 1, 77) + field(name, 64) + bytes([players, most, 0, 0])


def unreal_string(text: str) -> bytes:
    """A text of the engine."""
    raw = text.encode() + b"\0"
    return struct.pack("!i", len(raw)) + raw


def unreal3(name: str, level: str, opened: int, most: int, blob: bool = True) -> bytes:
    """A host's answer, version 5; `blob`: with a property of bytes."""
    head = struct.pack("!BBI2sQ", 5, 1, 0x4D5707DB, b"SR", 0)
    body = struct.pack("!6I", 0x0A000001, 7777, opened, 0, most, 0) + bytes(9) + bytes(8) + unreal_string(name)
    settings = struct.pack("!I", 1) + struct.pack("!iiB", 1, 2, 0)
    properties = struct.pack("!I", 2 + blob) + struct.pack("!IB", 0x40000001, 4) + unreal_string(level) + b"\0"
    properties += struct.pack("!IBi", 5, 1, 9) + b"\0"
    if blob:
        properties += struct.pack("!IBI3s", 6, 6, 3, b"abc") + b"\0"
    return head + body + settings + properties


def quake3(values: dict[str, str]) -> bytes:
    """A server's answer."""
    return b"\xff\xff\xff\xffinfoResponse\n" + "".join(f"\\{key}\\{value}" for key, value in values.items()).encode()


def raknet(told: str, time: int = 0) -> bytes:
    """A server's pong."""
    raw = told.encode()
    return struct.pack("!BQQ16sH", 0x1C, time, 99, RAKNET_MAGIC, len(raw)) + raw


def a2s(name: str, level: str, players: int, most: int, password: bool, port: int) -> bytes:
    """A server's answer with its port."""
    head = b"\xff\xff\xff\xffI\x11" + zero_ended(name, level, "tf", "Team Fortress")
    return (
        head
        + struct.pack("<H7B", 440, players, most, 0, 100, 108, password, 1)
        + b"1.0\0\x80"
        + struct.pack("<H", port)
    )


def openra(values: dict[str, str]) -> bytes:
    """A server's answer."""
    lines = "Game:\n" + "".join(f"\t{key}: {value}\n" for key, value in values.items()) + "\tClients:\n\t\tName: Ben\n"
    raw = lines.encode()
    return b"\x00\x0dOpenRALANGame\x30\x39" + struct.pack("!H", len(raw)) + raw


def openrct2(values: dict[str, object]) -> bytes:
    """A server's answer."""
    return json.dumps(values).encode() + b"\0"


def mindustry(name: str, title: str, players: int, most: int) -> bytes:
    """A server's answer."""
    head = short(name) + short(title) + struct.pack("!iii", players, 12, 146) + short("official") + b"\x02"
    return head + struct.pack("!i", most) + short("words") + short("")


def retroarch(nick: str, port: int, password: int) -> bytes:
    """A host's answer."""
    texts = field(nick, 32) + field("linux", 32) + field("Gambatte", 32) + field("v0.5", 32) + field("1.14.0", 32)
    return b"RANS" + struct.pack("!iiI", -1, port, password) + texts + field("tetris", 256) + field("N/A", 256)


def netquake(name: str, level: str, players: int, most: int) -> bytes:
    """A server's answer."""
    body = b"\x83" + zero_ended("10.0.0.1:26000", name, level) + bytes([players, most, 3])
    return struct.pack("!I", 0x8000_0000 | len(body) + 4) + body


def wide(text: str) -> bytes:
    """A text after its length in characters, UTF-16."""
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def narrow(text: str) -> bytes:
    """A text after its length in bytes."""
    return struct.pack("<I", len(text)) + text.encode()


def dawn_of_war(title: str, level: str, players: int, most: int, port: int) -> bytes:
    """A host's announcement."""
    head = b"\x08\x01" + narrow("{01234567-89AB-CDEF-0123-456789ABCDEF}") + wide("host") + bytes(4)
    place = struct.pack("<II", players, most) + bytes(9) + bytes([10, 0, 0, 1]) + struct.pack("<H", port) + bytes(9)
    return (
        head + place + b"WODW" + bytes(4) + narrow("1.51") + narrow("w40k") + wide(title) + narrow("1.0") + wide(level)
    )
