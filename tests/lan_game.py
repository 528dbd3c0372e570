"""A game with one UDP socket, in a process of its own, that does as it is told.

``python -m tests.lan_game ADDRESS PORT OPTIONS`` prints ``ready``, then a JSON line [text, source, source port] for
each datagram, and [error's name, "", 0] for each refusal. Each line of its input, [text, address, port], is sent. The
options are a JSON object: ``device`` binds the socket to a card; ``join`` joins a group, on the card with the address
``on`` (default: any), and ``hears_all`` is its ``IP_MULTICAST_ALL``.
"""

from __future__ import annotations

import errno
import json
import select
import socket
import sys
from typing import Any

IP_MULTICAST_ALL = 49


def opened(address: str, port: int, options: dict[str, str]) -> socket.socket:
    """The game's socket."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if "device" in options:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, options["device"].encode())
    made.bind((address, port))
    if "join" in options:
        made.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, int(options["hears_all"]))
        request = socket.inet_aton(options["join"]) + socket.inet_aton(options.get("on", "0.0.0.0"))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    return made


def say(*words: Any) -> None:
    """One line."""
    print(json.dumps(words), flush=True)


def play(game: socket.socket) -> None:
    """Until the input ends."""
    while True:
        readable = select.select([game, sys.stdin], [], [])[0]
        try:
            if game in readable:
                data, source = game.recvfrom(65536)
                say(data.decode(), *source)
            if sys.stdin in readable:
                line = sys.stdin.readline()
                if not line:
                    return
                text, address, port = json.loads(line)
                game.sendto(text.encode(), (address, port))
        except OSError as error:
            say(errno.errorcode.get(error.errno or 0, "?"), "", 0)


if __name__ == "__main__":
    own = opened(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
    print("ready", flush=True)
    play(own)
