"""IPv6 sockets as games open them, in a process of its own: a listener, and a sender.

``python -m tests.lan_sockets6 listen SOCKET...`` prints ``ready``, then a JSON line [socket, payload, its bytes, source
address, source port] for each datagram, until its standard input ends.
``python -m tests.lan_sockets6 send MARK`` sends one datagram in each way, and prints who answered.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
from collections.abc import Callable

ALL_NODES, ALL_NODES_PORT = "ff02::1", 11114
"""OpenClonk's."""
QUAKE, QUAKE_PORT = "ff04::696f:7175:616b:6533", 27960
"""ioquake3's."""
SITE, SITE_PORT = "ff15::4c52", 6010
PORT = 6011
CARD = "lanrage0"
IPV6_MULTICAST_ALL = 29
ANSWER_SECONDS = 5.0
ANSWERS = 2
LARGE = 3000


def member(group: str, port: int, device: str = "", hears_all: int = 1) -> socket.socket:
    """A socket that joined a group on a device; without a name on the one that the kernel chooses."""
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, hears_all)
    made.bind(("::", port))
    index = socket.if_nametoindex(device) if device else 0
    request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
    return made


KINDS: dict[str, Callable[[], socket.socket]] = {
    "nodes": lambda: member(ALL_NODES, ALL_NODES_PORT),
    "quake": lambda: member(QUAKE, QUAKE_PORT),
    "quake-0": lambda: member(QUAKE, QUAKE_PORT, hears_all=0),
    "quake-card": lambda: member(QUAKE, QUAKE_PORT, CARD),
    "site-eth0": lambda: member(SITE, SITE_PORT, "eth0", 0),
}
"""All sockets a test may ask for, by name."""


def listen(names: list[str]) -> None:
    """Tell what comes; the socket of all nodes answers, as a game server does."""
    sockets = {KINDS[name](): name for name in names}
    print("ready", flush=True)
    while True:
        readable = select.select([*sockets, sys.stdin], [], [])[0]
        if sys.stdin in readable:
            return
        for ready in [each for each in sockets if each in readable]:
            payload, source = ready.recvfrom(65536)
            print(json.dumps([sockets[ready], payload[:24].decode(), len(payload), *source[:2]]), flush=True)
            if sockets[ready] == "nodes":
                ready.sendto(b"answer to " + payload[:24], source)


def send(mark: str) -> None:
    """One datagram in each way."""
    game = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    game.bind(("::", PORT))
    game.settimeout(ANSWER_SECONDS)
    card = socket.if_nametoindex(CARD)
    game.sendto(f"nodes {mark}".encode(), (ALL_NODES, ALL_NODES_PORT, 0, card))
    game.sendto(f"large {mark} ".encode().ljust(LARGE, b"."), (ALL_NODES, ALL_NODES_PORT, 0, card))
    game.sendto(f"real nodes {mark}".encode(), (ALL_NODES, ALL_NODES_PORT, 0, socket.if_nametoindex("eth0")))
    game.sendto(f"unnamed {mark}".encode(), (QUAKE, QUAKE_PORT))
    game.sendto(f"named {mark}".encode(), (QUAKE, QUAKE_PORT, 0, card))
    game.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex("eth0"))
    game.sendto(f"site {mark}".encode(), (SITE, SITE_PORT))
    wanted = f"answer to nodes {mark}"
    answers: list[str] = []
    while len(answers) < ANSWERS:
        payload, source = game.recvfrom(4096)
        if payload.decode() == wanted:
            answers.append(source[0])
    print(json.dumps(sorted(answers)))


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        listen(sys.argv[2:])
    else:
        send(sys.argv[2])
