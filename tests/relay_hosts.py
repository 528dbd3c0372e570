"""Hosts around a relay, in the test's own namespaces: Anna, Ben, Eve and the relay, each with one card to a router."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs

from lanrage.core.relay import Bind, BindRequest, Bound, Challenge, Message, Unbind
from lanrage.core.tickets import binding_statement, pair_of
from lanrage.wire.relay import MAGIC, decode, encode
from tests.core.relay_world import holder, ticket, wireguard
from tests.namespaces import Namespace, join

REPOSITORY = Path(__file__).resolve().parents[1]
HOSTS = {"anna": 1, "ben": 2, "eve": 3, "relay": 9}
"""Name and network: 10.81.NUMBER.2."""
RELAY = "10.81.9.2"
PATIENCE = 2.0
"""Seconds until something that should come counts as lost."""
SILENCE = 0.15
"""Seconds in which nothing may come; the way takes well below a millisecond."""
START_S = 20.0
"""Seconds for a relay to start or stop on a busy machine."""


class Hosts:
    """The namespaces; :meth:`close` ends all."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._ends: list[End] = []
        self.at_end = self._stack.callback
        self.router = self._namespace()
        self.router.run("sysctl -qw net.ipv4.ip_forward=1")
        self.of = {name: self._host(name, number) for name, number in HOSTS.items()}
        self.relay = self.of["relay"]

    def _namespace(self) -> Namespace:
        made = Namespace()
        self._stack.callback(made.close)
        return made

    def _host(self, name: str, number: int) -> Namespace:
        made = self._namespace()
        join(made, "wan", self.router, f"to-{name}")
        self.router.run(f"ip addr add 10.81.{number}.1/24 dev to-{name}")
        made.run(f"ip addr add 10.81.{number}.2/24 dev wan; ip route add default via 10.81.{number}.1")
        return made

    def run_relay(self, mode: str, folder: str, **config: Any) -> RelayProcess:
        """Start one; it ends with the hosts."""
        relay = RelayProcess(self.relay, {"mode": mode, "folder": folder} | config)
        self._stack.callback(relay.kill)
        return relay

    def end(self, host: str, port: int, local: int) -> End:
        """A socket of a host, that speaks to one of the relay's ports."""
        with self.of[host].inside():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((f"10.81.{HOSTS[host]}.2", port))
        end = End(made, local)
        self._ends.append(end)
        return end

    def close_ends(self) -> None:
        """Unbind and close what :meth:`end` made."""
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.send(encode(Unbind(end.transaction)))
        for end in ends:
            end.socket.close()

    def close(self) -> None:
        """End processes, then let the namespaces go."""
        self.close_ends()
        self._stack.close()


class RelayProcess:
    """A relay's process.

    :ivar first: what it said at its start.
    """

    def __init__(self, where: Namespace, config: dict[str, Any]) -> None:
        argv = [sys.executable, "-m", "tests.relay_process", json.dumps(config)]
        with where.inside():
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                argv, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        self.first = self._hear()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def tell(self, word: str = "tell") -> dict[str, Any]:
        """The counters now, after a look at the kernel, and after what `word` asks for."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the relay's process ended"
        words: dict[str, Any] = json.loads(line)
        return words

    def until(self, **wanted: Any) -> dict[str, Any]:
        """Ask until the counters are so."""
        words: dict[str, Any] = {}
        for _ in range(200):
            words = self.tell()
            if wanted.items() <= words.items():
                return words
        raise AssertionError(f"not {wanted}: {words}")

    def stop(self) -> None:
        """Let it stop by itself; one that ended is no error."""
        if self._process.poll() is None:
            self._process.communicate("stop\n", timeout=START_S)

    def kill(self) -> None:
        """End it at once; one that ended is no error."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate(timeout=START_S)


@attrs.define
class End:
    """One end's socket, and the relay's port that it uses."""

    socket: socket.socket
    local: int
    transaction: bytes = b"transact"

    def send(self, datagram: bytes) -> None:
        """To the relay."""
        self.socket.sendto(datagram, (RELAY, self.local))

    def hear(self, wait: float = PATIENCE) -> bytes | None:
        """The next datagram, which must be from the relay's very port; ``None`` when nothing comes."""
        self.socket.settimeout(wait)
        try:
            data, source = self.socket.recvfrom(4096)
        except (TimeoutError, ConnectionRefusedError):
            return None
        assert source == (RELAY, self.local), source
        return data

    def ask(self, message: Message) -> Message | None:
        """Send a control message; the answer."""
        self.send(encode(message))
        return self.message()

    def drain(self) -> None:
        """Forget what came."""
        while self.hear(0.05) is not None:
            pass

    def message(self) -> Message | None:
        """The next control message; data before it is passed over."""
        while (heard := self.hear()) is not None:
            if heard.startswith(MAGIC):
                return decode(heard)
        return None

    def data(self, wait: float = PATIENCE) -> bytes | None:
        """The next data; control messages before it are passed over."""
        while (heard := self.hear(wait)) is not None:
            if not heard.startswith(MAGIC):
                return heard
        return None

    def all_data(self, wait: float = SILENCE) -> list[bytes]:
        """All data until nothing comes any more."""
        found = []
        while (heard := self.data(wait)) is not None:
            found.append(heard)
        return found

    def challenge(self) -> Challenge:
        """A cookie."""
        answer = self.ask(BindRequest(self.transaction))
        while not isinstance(answer, Challenge):
            assert answer is not None
            answer = self.message()
        return answer

    def proof(self, name: str, other: str, blob: bytes | None = None, signer: str = "") -> Bind:
        """A BIND for this socket."""
        given = self.challenge()
        pair = pair_of(wireguard(name), wireguard(other))
        signature = holder(signer or name).sign(binding_statement(given.cookie, given.transaction, pair))
        return Bind(given.transaction, given.cookie, signature, ticket(name, other) if blob is None else blob)

    def bind(self, name: str, other: str, blob: bytes | None = None) -> Bound:
        """Bind as `name` for the pair with `other`."""
        answer = self.ask(self.proof(name, other, blob))
        assert isinstance(answer, Bound), answer
        return answer
