"""A game on a console, or on any machine without LANrage: one UDP and one TCP port, told what to do by lines.

``python -m tests.lan_console PORT`` prints ``ready``, then a JSON line for all that comes: ["udp", text, address, port]
and ["tcp", text, address, port]. It reads lines: ``say TEXT ADDRESS PORT`` sends a datagram, ``call TEXT ADDRESS PORT``
sends text by TCP from a port of the kernel's choice and prints ["answer", text]. It answers each TCP text with ``got
TEXT``.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
from typing import Any

from tests.lan_sockets import GROUP, udp

CALL_SECONDS = 5.0


def tell(*what: Any) -> None:
    """One line."""
    print(json.dumps(what), flush=True)


def obey(line: str, game: socket.socket) -> None:
    """Do what a line says."""
    verb, text, address, port = line.split()
    if verb == "say":
        game.sendto(text.encode(), (address, int(port)))
        return
    try:
        with socket.create_connection((address, int(port)), CALL_SECONDS) as call:
            call.sendall(text.encode())
            tell("answer", call.recv(100).decode())
    except OSError as error:
        tell("answer", f"none: {type(error).__name__}")


def serve(server: socket.socket) -> None:
    """Take one call."""
    call, source = server.accept()
    with call:
        text = call.recv(100).decode()
        tell("tcp", text, *source)
        call.sendall(f"got {text}".encode())


def main(port: int) -> None:
    """Until standard input ends."""
    game, server = udp("", port), socket.create_server(("", port))
    game.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    game.setsockopt(
        socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("=4s4s", socket.inet_aton(GROUP), bytes(4))
    )
    tell("ready")
    while True:
        readable = select.select([game, server, sys.stdin], [], [])[0]
        if game in readable:
            data, source = game.recvfrom(4096)
            tell("udp", data.decode(), *source)
        if server in readable:
            serve(server)
        if sys.stdin in readable:
            line = sys.stdin.readline()
            if not line:
                return
            obey(line, game)


if __name__ == "__main__":
    main(int(sys.argv[1]))
