"""Members' machines as network namespaces, each with a real card of its own, a tunnel's stand-in and a LAN plane."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import IO

from lanrage.wire.igmp import parse_igmp
from tests.lan_sockets import GROUP
from tests.namespaces import Namespace

DEADLINE_S = 60.0
"""An event that does not come fails the test; processes start slowly on a busy machine."""


def wait_for(what: str, seen: Callable[[], bool]) -> None:
    """Look until something is so."""
    end = time.monotonic() + DEADLINE_S
    while not seen():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.01)


class Program:
    """A process in a namespace, whose lines are read as they come."""

    def __init__(self, where: Namespace, *words: str, **environment: str) -> None:
        with where.inside():
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with  # lives until end()
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | environment,
                text=True,
                bufsize=1,
            )
        self._rest = b""

    @property
    def _out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def line(self) -> str:
        """The next line."""
        end = time.monotonic() + DEADLINE_S
        while b"\n" not in self._rest:
            ready = select.select([self._out], [], [], max(0.0, end - time.monotonic()))[0]
            assert ready, f"{self.process.args!r} said nothing"
            read = os.read(self._out.fileno(), 65536)
            assert read, f"{self.process.args!r} ended"
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def end(self) -> str:
        """Stop it and return the rest of what it said; nothing the second time."""
        assert self.process.stdin is not None
        if self._out.closed:
            return ""
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        rest = self._rest.decode() + self._out.read()
        self._out.close()
        return rest


class Game(Program):
    """A program with one socket."""

    def send(self, text: str, to: str, port: int) -> None:
        """Let it send a datagram."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([text, to, port]) + "\n")
        self.process.stdin.flush()

    def says(self, seconds: float) -> bool:
        """Whether it says something within this time."""
        return bool(select.select([self._out], [], [], seconds)[0])

    def heard(self) -> tuple[str, str, int]:
        """The next datagram: text, source address, source port; or an error's name as text."""
        text, source, port = json.loads(self.line())
        return text, source, port


class LanHost:
    """One member: ``lrtun`` leads to the others, ``eth0`` to a LAN of its own with the default route."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.address = f"10.66.0.{number}"
        self.real = f"192.168.{number}.2"
        self.tunnel = "lrtun"
        self.space = Namespace()
        self.programs: list[Program] = []

    def cable(self, hub: Namespace) -> None:
        """Connect the tunnel's stand-in to the hub, and the real card to nobody.

        The machine filters by reverse path and forwards, as the less friendly ones do. IPv6 addresses serve at once.
        """
        port = f"t{self.number}"
        self.space.run(
            "sysctl -qw net.ipv6.conf.default.accept_dad=0;"
            f"ip link add lrtun mtu 1280 type veth peer name {port} netns {hub.path}; ip link set lrtun up;"
            f"ip link add eth0 type veth peer name nobody; ip link set nobody up; ip link set eth0 up;"
            f"ip addr add {self.real}/24 brd + dev eth0; ip route add default via 192.168.{self.number}.1;"
            "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lrtun.rp_filter=2;"
            "sysctl -qw net.ipv4.conf.eth0.rp_filter=1 net.ipv4.ip_forward=1"
        )
        hub.run(f"ip link set {port} up master hub")

    def start_plane(self, others: list[int], prefix: tuple[str, ...] = (), **environment: str) -> Program:
        """Run a LAN plane, and lead unicast to the others by the tunnel.

        :param prefix: words before the program's.
        :param environment: settings of :mod:`tests.lan_process`.
        """
        members = [f"10.66.0.{number}" for number in others]
        words = [*prefix, sys.executable, "-m", "tests.lan_process", f"{self.address}/24", *members]
        plane = self.run(*words, TUNNEL=self.tunnel, **environment)
        assert plane.line() == "ready"
        for member in members:
            self.space.run(f"ip route add {member}/32 dev {self.tunnel} src {self.address}")
        return plane

    def run(self, *words: str, **environment: str) -> Program:
        """Run a program here."""
        self.programs.append(Program(self.space, *words, **environment))
        return self.programs[-1]

    def listen(self, *names: str) -> Program:
        """Open sockets as :mod:`tests.lan_sockets` names them."""
        listener = self.run(sys.executable, "-m", "tests.lan_sockets", "listen", self.address, *names)
        assert listener.line() == "ready"
        return listener

    def game(self, bound: str = "", port: int = 0, **options: str) -> Game:
        """Open one socket as :mod:`tests.lan_game` does."""
        game = Game(self.space, sys.executable, "-m", "tests.lan_game", bound, str(port), json.dumps(options))
        self.programs.append(game)
        assert game.line() == "ready"
        return game

    def members_on_card(self) -> int:
        """Sockets that are in the game's group on the LAN card."""
        rows = parse_igmp(self.space.run("cat /proc/net/igmp"), sys.byteorder)
        return sum(row.users for row in rows if row.device == "lanrage0" and str(row.group) == GROUP)

    def close(self) -> None:
        """End all programs and let go of the namespace."""
        with contextlib.ExitStack() as stack:
            stack.callback(self.space.close)
            for program in self.programs:
                stack.callback(program.end)


@contextlib.contextmanager
def lan_hosts(count: int) -> Iterator[list[LanHost]]:
    """Members' machines, numbered from 1, that reach each other by their tunnels."""
    with contextlib.ExitStack() as stack:
        hub = stack.enter_context(contextlib.closing(Namespace()))
        hub.run("ip link add hub type bridge; ip link set hub up")
        hosts = [stack.enter_context(contextlib.closing(LanHost(number + 1))) for number in range(count)]
        for host in hosts:
            host.cable(hub)
        yield hosts
