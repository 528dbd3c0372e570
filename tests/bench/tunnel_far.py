"""The far end of the tunnel bench, a process in the other host's namespace: echoes datagrams, swallows streams.

``python -m tests.bench.tunnel_far PORT``: UDP datagrams go back as they came; a TCP stream is read to its end and
answered with the number of its bytes (8, big-endian).
"""

from __future__ import annotations

import select
import socket
import sys

READ_BYTES = 1 << 20


def main() -> None:
    """Serve until the process is ended."""
    port = int(sys.argv[1])
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo,
        socket.create_server(("0.0.0.0", port)) as listener,
    ):
        echo.bind(("0.0.0.0", port))
        while True:
            for ready in select.select([echo, listener], [], [])[0]:
                if ready is listener:
                    swallow(listener.accept()[0])
                else:
                    data, source = echo.recvfrom(2048)
                    echo.sendto(data, source)


def swallow(stream: socket.socket) -> None:
    """Read a stream to its end and tell how long it was."""
    total, room = 0, memoryview(bytearray(READ_BYTES))
    with stream:
        while count := stream.recv_into(room):
            total += count
        stream.sendall(total.to_bytes(8, "big"))


if __name__ == "__main__":
    main()
