"""Sockets as games open them, in a process of its own: a listener that tells what each socket gets, and a sender.

``python -m tests.lan_sockets listen PARTY_ADDRESS SOCKET...`` prints ``ready``, then a JSON line [socket, payload,
source address, source port] for each datagram, until its standard input ends.
``python -m tests.lan_sockets send PARTY_ADDRESS MARK`` sends one datagram in each way, and prints who answered.
"""

from __future__ import annotations

import json
import select
import socket
import sys
from collections.abc import Callable

GROUP = "224.0.2.60"
GROUP_PORT = 4445
PORT = 6000
CARD = "lanrage0"
IPX = 0x8137
IP_MULTICAST_ALL = 49
ANSWER_SECONDS = 5.0
ANSWERS = 2


def udp(bound: str, port: int) -> socket.socket:
    """A socket that shares its port."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.bind((bound, port))
    return made


def member(address: str, hears_all: int) -> socket.socket:
    """A socket that joined the group on the card with this address (0.0.0.0: the default route's)."""
    made = udp("", GROUP_PORT)
    made.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, hears_all)
    request = socket.inet_aton(GROUP) + socket.inet_aton(address)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    return made


def ipx() -> socket.socket:
    """A socket of an IPX game's driver."""
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPX))
    made.bind((CARD, IPX))
    return made


def kinds(me: str) -> dict[str, Callable[[], socket.socket]]:
    """All sockets a test may ask for, by name."""
    return {
        "all": lambda: udp("", PORT),
        "all-too": lambda: udp("", PORT),
        "any-1": lambda: member("0.0.0.0", 1),
        "any-0": lambda: member("0.0.0.0", 0),
        "card-1": lambda: member(me, 1),
        "card-0": lambda: member(me, 0),
        "ipx": ipx,
    }


def listen(me: str, names: list[str]) -> None:
    """Tell what comes; the first listener answers, as a game server does."""
    sockets = {kinds(me)[name](): name for name in names}
    print("ready", flush=True)
    while True:
        readable = select.select([*sockets, sys.stdin], [], [])[0]
        if sys.stdin in readable:
            return
        for ready in [each for each in sockets if each in readable]:
            name = sockets[ready]
            payload, source = ready.recvfrom(4096)
            if name == "ipx":
                payload, source = payload[14:], (":".join(f"{byte:02x}" for byte in payload[6:12]), 0)
            print(json.dumps([name, payload[:24].decode(), *source[:2]]), flush=True)
            if name == "all":
                ready.sendto(b"answer to " + payload[:24], source)


def send(me: str, mark: str) -> None:
    """One datagram in each way."""
    game = udp("", PORT)
    game.settimeout(ANSWER_SECONDS)
    game.sendto(f"subnet {mark}".encode(), (str(me).rsplit(".", 1)[0] + ".255", PORT))
    game.sendto(f"large {mark} ".encode().ljust(1240, b"."), (str(me).rsplit(".", 1)[0] + ".255", PORT))
    game.sendto(f"unbound {mark}".encode(), ("255.255.255.255", PORT))
    bound = udp(me, PORT + 1)
    bound.sendto(f"bound {mark}".encode(), ("255.255.255.255", PORT))
    multicast = udp("", PORT + 2)
    multicast.sendto(f"group {mark}".encode(), (GROUP, GROUP_PORT))
    multicast.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(me))
    multicast.sendto(f"group on card {mark}".encode(), (GROUP, GROUP_PORT))
    driver = ipx()
    mac = b"\x02\x66" + socket.inet_aton(me)
    driver.send(b"\xff" * 6 + mac + IPX.to_bytes(2, "big") + f"ipx {mark}".encode())
    wanted = f"answer to subnet {mark}"
    answers: list[str] = []
    while len(answers) < ANSWERS:
        payload, source = game.recvfrom(4096)
        if payload.decode() == wanted:
            answers.append(source[0])
    print(json.dumps(sorted(answers)))


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        listen(sys.argv[2], sys.argv[3:])
    else:
        send(sys.argv[2], sys.argv[3])
