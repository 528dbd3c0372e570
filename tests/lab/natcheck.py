"""Tells what kind of NAT a host is behind (RFC 4787's terms), and whether two hosts can punch through to each other."""

from __future__ import annotations

import itertools
import select
import socket
import time
from contextlib import ExitStack

import attrs

from lanrage.lab.netns import udp_socket
from lanrage.lab.plan import PUBLIC_ADDRESSES, Host, Plan

ANSWER_S = 0.3
"""A veth answers in microseconds; what has not come then was dropped."""

INDEPENDENT, ADDRESS, ADDRESS_AND_PORT = "independent", "address", "address-and-port"

_ports = itertools.count(40_000)


def receive(here: socket.socket, timeout: float = ANSWER_S) -> tuple[bytes, tuple[str, int]] | None:
    """The next datagram, or None."""
    return here.recvfrom(2048) if select.select([here], [], [], timeout)[0] else None


@attrs.define
class Observer:
    """Reflectors on the public host: two ports of one address, and one of another."""

    plan: Plan
    stack: ExitStack = attrs.field(factory=ExitStack)
    at: dict[tuple[int, int], socket.socket] = attrs.field(factory=dict)

    def open(self) -> None:
        """Bind the reflectors."""
        for number, port in ((0, 3478), (0, 3479), (1, 3478)):
            made = udp_socket(self.plan.public, PUBLIC_ADDRESSES[number], port)
            self.at[number, port] = self.stack.enter_context(made)

    def close(self) -> None:
        """Close all sockets."""
        self.stack.close()

    def client(self, host: Host) -> socket.socket:
        """A socket on a host, with a port of its own."""
        return self.stack.enter_context(udp_socket(host.netns, port=next(_ports)))

    def mapped(self, client: socket.socket, number: int = 0, port: int = 3478) -> tuple[str, int]:
        """How a reflector sees a client; the answer must get back to it."""
        client.sendto(b"?", (PUBLIC_ADDRESSES[number], port))
        seen = receive(self.at[number, port])
        assert seen is not None, "the reflector heard nothing"
        self.at[number, port].sendto(b"!", seen[1])
        assert receive(client) is not None, "the answer did not come back"
        return seen[1]

    def mapping(self, host: Host) -> str:
        """On what the mapped port depends."""
        client = self.client(host)
        first, port, address = self.mapped(client), self.mapped(client, 0, 3479), self.mapped(client, 1, 3478)
        if first == port == address:
            return INDEPENDENT
        return ADDRESS if first == port else ADDRESS_AND_PORT

    def filtering(self, host: Host) -> str:
        """Whose datagrams get in to a client that has sent to one reflector only."""
        client = self.client(host)
        seen = self.mapped(client)
        inside = {}
        for where in ((1, 3478), (0, 3479)):
            self.at[where].sendto(b"u", seen)
            inside[where] = receive(client) is not None
        if inside[1, 3478]:
            return INDEPENDENT
        return ADDRESS if inside[0, 3479] else ADDRESS_AND_PORT

    def punch(self, first: Host, second: Host, timeout: float = 1.0) -> bool:
        """Whether both get an answer when both send to where the reflector saw the other."""
        here, there = self.client(first), self.client(second)
        to = {here: self.mapped(there), there: self.mapped(here)}
        heard: set[socket.socket] = set()
        answered: set[socket.socket] = set()
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and len(answered) < 2:
            for client in (here, there):
                client.sendto(b"ok" if client in heard else b"hi", to[client])
            for client in select.select([here, there], [], [], 0.05)[0]:
                data, to[client] = client.recvfrom(99)
                heard.add(client)
                if data == b"ok":
                    answered.add(client)
        return len(answered) == 2
