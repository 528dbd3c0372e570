"""A gateway that answers as its test wants, in a namespace of the test's own, where all addresses are local."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

from twisted.internet.protocol import DatagramProtocol

from lanrage.core.mapping import Gateway
from lanrage.wire import ssdp
from tests.real_links import RealNamespace

ADDRESS, ELSEWHERE, SOURCE = "192.168.1.1", "192.168.1.66", "192.168.1.10"
GATEWAY = Gateway(IPv4Address(ADDRESS), "lo", IPv4Address(SOURCE))


class Answering(DatagramProtocol):
    """Answers each datagram with those that a function makes of it."""

    noisy = False

    def __init__(self, answer: Callable[[bytes], list[bytes]]) -> None:
        self._answer = answer
        self.asked: list[bytes] = []
        self.others: list[Any] = []

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Answer."""
        self.asked.append(datagram)
        for sender in (*self.others, self.transport):
            for data in self._answer(datagram):
                sender.write(data, addr)


class HttpOnce:
    """Answers HTTP connections with given bytes, in a thread; counts the connections.

    :param answer: the whole answer to a request; ``None`` = says nothing until it is closed.
    """

    def __init__(self, answer: Callable[[bytes], bytes | None], address: str = ADDRESS) -> None:
        self._answer = answer
        self.requests: list[bytes] = []
        self._listening = socket.create_server((address, 0))
        self.url = f"http://{address}:{self._listening.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listening.close()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            connection.settimeout(2)
            try:
                request = b""
                while b"\r\n\r\n" not in request or not _whole(request):
                    request += connection.recv(65536)
                self.requests.append(request)
                answer = self._answer(request)
                if answer is None:
                    self._open.append(connection)
                    continue
                connection.sendall(answer)
            except OSError:  # the client hung up, as it should
                pass
            connection.close()


def _whole(request: bytes) -> bool:
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(body) >= (int(lengths[0].split(b":")[1]) if lengths else 0)


def http(body: bytes, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    """An HTTP answer."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body


class HostileWorld(RealNamespace):
    """A namespace with the gateway's address, ours, and somebody else's."""

    def __init__(self, reactor: Any) -> None:
        super().__init__(reactor)
        self.namespace.run("ip link add eth0 type bridge; ip link set eth0 up")
        for address in (ADDRESS, ELSEWHERE, SOURCE):
            self.namespace.run(f"ip addr add {address}/24 dev eth0")
        self._ports: list[Any] = []
        self._servers: list[HttpOnce] = []

    def udp(self, port: int, answer: Callable[[bytes], list[bytes]], address: str = ADDRESS) -> Answering:
        """Somebody who answers on a UDP port of `address`."""
        made = Answering(answer)
        self._ports.append(self.reactor.listenUDP(port, made, address))  # type: ignore[attr-defined]
        return made

    def ssdp(self, location: str, address: str = ADDRESS) -> Answering:
        """Somebody who says that the description is there."""
        found = ssdp.encode_found(ssdp.Found(location, ssdp.TARGETS[0], "uuid:1"))
        return self.udp(ssdp.PORT, lambda data: [found], address)

    def http(self, answer: Callable[[bytes], bytes | None], address: str = ADDRESS) -> HttpOnce:
        """A web server."""
        made = HttpOnce(answer, address)
        self._servers.append(made)
        return made

    async def close(self) -> None:
        """Leave nothing."""
        for port in self._ports:
            await port.stopListening()
        for server in self._servers:
            server.close()
        self.leave()
