"""One of the generator's processes: ``python -m tests.bench.relay_blast CONFIG`` sends as fast as it can when told.

CONFIG is a file of JSON: for each way the sockets (descriptors), and of each where its packets go, in turn:
``{WAY: [[FD, [[HOST, PORT, HEAD in hexadecimal], ...]], ...]}``. A line on the input names a way and seconds; the
answer says how many were sent, and the processor time that it took.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time

from lanrage.net.mmsg import Address, Sender

PAYLOAD = b"\x04" + bytes(63)
"""64 bytes, as a WireGuard packet of a small game packet nearly is."""


class Blaster:
    """One way's batches, laid out once.

    :param sockets: see the module.
    """

    def __init__(self, sockets: list[tuple[int, list[tuple[str, int, str]]]]) -> None:
        self._senders: list[tuple[int, Sender, int]] = []
        self._kept: list[object] = []
        for descriptor, targets in sockets:
            sender = Sender(len(targets))
            for host, port, head in targets:
                datagram = bytes.fromhex(head) + PAYLOAD
                address, data = Address(host, port), ctypes.create_string_buffer(datagram, len(datagram))
                self._kept += [address, data]
                sender.add(ctypes.addressof(data), len(data), address.place)
            self._senders.append((descriptor, sender, len(targets)))

    def blast(self, seconds: float) -> tuple[int, float]:
        """Send for so long; how many, and the processor time in seconds."""
        sent, began, cpu = 0, time.monotonic(), time.process_time()
        while time.monotonic() - began < seconds:
            for descriptor, sender, size in self._senders:
                sender.count = size
                sender.flush(descriptor)
                sent += size
        return sent, time.process_time() - cpu


def main() -> None:
    """Until the input ends."""
    with open(sys.argv[1], encoding="ascii") as file:
        ways = {name: Blaster(sockets) for name, sockets in json.load(file).items()}
    print("ready", flush=True)
    for line in sys.stdin:
        way, seconds = line.split()
        print(json.dumps(ways[way].blast(float(seconds))), flush=True)


if __name__ == "__main__":
    main()
