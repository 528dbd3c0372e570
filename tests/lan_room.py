"""Machines that share a physical LAN, for tests: a switch in a namespace, members' real cards on it, others' too."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator

from tests.lan_hosts import LanHost, Program, wait_for
from tests.namespaces import Namespace


class Room:
    """One physical network, 192.168.9.0/24."""

    def __init__(self) -> None:
        self.switch = Namespace()
        self.switch.run("ip link add switch type bridge; ip link set switch up")

    def plug(self, where: Namespace, number: int, card: str = "eth0") -> str:
        """Put a card of this machine on the network, with the default route by it; its address."""
        address, port = f"192.168.9.{number}", f"p{number}"
        where.run(
            f"ip link del {card} 2>/dev/null || true;"
            f"ip link add {card} type veth peer name {port} netns {self.switch.path}; ip link set {card} up;"
            f"ip addr add {address}/24 brd + dev {card}; ip route add default via 192.168.9.1"
        )
        self.switch.run(f"ip link set {port} up master switch")
        return address

    def plug_member(self, host: LanHost) -> None:
        """Its real card is on this network from now on."""
        host.real = self.plug(host.space, 10 + host.number)

    def close(self) -> None:
        """Let go of it."""
        self.switch.close()


def counters(plane: Program) -> dict[str, int]:
    """What a plane counted so far."""
    plane.process.send_signal(signal.SIGUSR1)
    counted: dict[str, int] = json.loads(plane.line())
    return counted


def wait_for_neighbours(plane: Program, count: int) -> None:
    """Until a plane knows so many members on its networks."""
    wait_for(f"{count} neighbours", lambda: counters(plane)["lan_neighbours"] == count)


@contextlib.contextmanager
def room() -> Iterator[Room]:
    """A network for the while."""
    with contextlib.closing(Room()) as made:
        yield made
