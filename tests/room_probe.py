"""A game as unmodified sockets: tells which cards it sees, what it hears, and answers as a server does.

``python -m tests.room_probe NAME PARTY_BROADCAST [SHIFT]`` prints ``{"cards": [...], ...}``, then a JSON line
[socket, payload, source address, source port] for each thing heard. A line on its standard input is a command:
``announce`` sends to all in each way, ``visit ADDRESS`` asks the game there by UDP and TCP, and prints what it said.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from pathlib import Path

PORT, GROUP, GROUP_PORT, TCP_PORT = 6000, "224.0.2.60", 4445, 6100
LARGE = 4000
"""Bytes of a datagram that travels in fragments."""


def udp(port: int) -> socket.socket:
    """A socket on all addresses, as a game opens it."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.bind(("", port))
    return made


def say(*words: object) -> None:
    """One line of JSON."""
    print(json.dumps(list(words)), flush=True)


class Game:
    """One game."""

    def __init__(self, name: str, broadcast: str, shift: str = "0") -> None:
        self.name, self.broadcast, self.shift = name, broadcast, int(shift)
        self.game, self.group = udp(PORT + self.shift), udp(GROUP_PORT + self.shift)
        self.stream = socket.create_server(("", TCP_PORT + self.shift))
        # Without a card's name: where the routes lead.
        self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + bytes(4))

    def facts(self) -> dict[str, object]:
        """What it sees of its machine."""
        routes = Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return {
            "cards": [name for _, name in socket.if_nameindex()],
            "default": any(row.split()[1] == "00000000" for row in routes),
            "user": os.getuid(),
            "rights": next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff")),
        }

    def announce(self) -> None:
        """Send to all in each way that games use."""
        self.game.sendto(f"subnet {self.name}".encode(), (self.broadcast, PORT))
        self.game.sendto(f"unbound {self.name}".encode(), ("255.255.255.255", PORT))
        self.group.sendto(f"group {self.name}".encode(), (GROUP, GROUP_PORT))

    def visit(self, address: str) -> None:
        """Ask a game by unicast, as one that its beacon was heard of."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(5.0)
            for question in (f"ask {self.name}", f"ask {self.name} ".ljust(LARGE, ".")):
                asking.sendto(question.encode(), (address, PORT + self.shift))
                words, source = asking.recvfrom(LARGE * 2)
                say("answer", words.decode().rstrip("."), source[0], len(words))
        with socket.create_connection((address, TCP_PORT + self.shift), timeout=5.0) as stream:
            stream.sendall(self.name.encode())
            say("tcp", stream.recv(100).decode(), stream.getsockname()[0])

    def hear(self, ready: socket.socket) -> None:
        """One datagram or visitor."""
        if ready is self.stream:
            visitor, source = self.stream.accept()
            with visitor:
                name = visitor.recv(100).decode()
                visitor.sendall(f"{self.name} greets {name}".encode())
            say("visitor", name, source[0])
            return
        words, source = ready.recvfrom(LARGE * 2)
        text = words.decode()
        if text.startswith("ask "):
            ready.sendto(f"{self.name} has {text}".encode(), source)
        elif not text.endswith(f" {self.name}"):
            say("game" if ready is self.game else "group", text, *source)

    def play(self) -> None:
        """Until the standard input ends."""
        print(json.dumps(self.facts()), flush=True)
        listened = [self.game, self.group, self.stream, sys.stdin]
        while True:
            ready = select.select(listened, [], [])[0]
            for each in ready:
                if isinstance(each, socket.socket):
                    self.hear(each)
            if sys.stdin in ready:
                words = sys.stdin.readline().split()
                if not words:
                    return
                if words[0] == "announce":
                    self.announce()
                else:
                    self.visit(words[1])


if __name__ == "__main__":
    Game(*sys.argv[1:]).play()
