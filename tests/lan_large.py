"""Large datagrams and IPX as old games send them, in a process of its own: a listener, and a sender.

``python -m tests.lan_large listen`` prints ``ready``, then a JSON line [what, bytes, digest, source] for each datagram
on port 6020 and each IPX frame that comes in by the LAN card, until its standard input ends.
``python -m tests.lan_large send PARTY_ADDRESS`` sends each kind once.
"""

from __future__ import annotations

import json
import select
import socket
import sys
from hashlib import sha256

PORT = 6020
CARD = "lanrage0"
ETH_P_ALL = 3
SIZES = (1300, 4000, 8900, 12000)
"""Above the MTU, twice above that of a real card, near the limit, and beyond it."""

IPX_HEADER = b"\xff\xff\x00\x1e" + bytes(26)
FRAMINGS = {
    "ethernet-ii": b"\x81\x37" + IPX_HEADER,
    "802.3 raw": b"\x00\x1e" + IPX_HEADER,
    "802.2 llc": b"\x00\x21\xe0\xe0\x03" + IPX_HEADER,
    "snap": b"\x00\x26\xaa\xaa\x03\x00\x00\x00\x81\x37" + IPX_HEADER,
}
"""The four framings of IPX, from the type or length field on."""


def content(kind: str, size: int) -> bytes:
    """A payload that shows each byte that is in the wrong place."""
    return b"".join(f"{kind} {at:06}.".encode() for at in range(0, size, 8))[:size]


def digest(payload: bytes) -> str:
    """Short enough to read."""
    return sha256(payload).hexdigest()[:16]


def listen() -> None:
    """Tell what comes."""
    game = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    game.bind(("", PORT))
    driver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    driver.bind((CARD, ETH_P_ALL))
    names = {body: name for name, body in FRAMINGS.items()}
    print("ready", flush=True)
    while True:
        readable = select.select([game, driver, sys.stdin], [], [])[0]
        if sys.stdin in readable:
            return
        if game in readable:
            payload, source = game.recvfrom(65536)
            print(json.dumps(["udp", len(payload), digest(payload), source[0]]), flush=True)
        if driver in readable:
            frame, where = driver.recvfrom(65536)
            name = names.get(frame[12:])
            if name is not None and where[2] == socket.PACKET_BROADCAST:
                print(json.dumps([name, len(frame), digest(frame[12:]), frame[6:12].hex(":")]), flush=True)


def send(me: str) -> None:
    """Each kind once: by the party's broadcast, by the default card, and by IPX."""
    game = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    game.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for size in SIZES:
        game.sendto(content("party", size), (me.rsplit(".", 1)[0] + ".255", PORT))
        game.sendto(content("real", size), ("255.255.255.255", PORT))
    driver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    driver.bind((CARD, 0))
    mac = b"\x02\x66" + socket.inet_aton(me)
    for body in FRAMINGS.values():
        driver.send(b"\xff" * 6 + mac + body)
    game.sendto(b"end", (me.rsplit(".", 1)[0] + ".255", PORT))


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        listen()
    else:
        send(sys.argv[2])
