"""The ways between Anna and Ben that are compared, each made ready in a machine of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.relay_binds import Half, bind, drain, refresh
from tests.bench.relay_blast import PAYLOAD
from tests.bench.relay_load import Aim
from tests.bench.relay_net import ANNA, BEN, ECHO, FIRST, FLOOD, LOCALS, SOCKETS, Net
from tests.bench.relay_turn import Allocation
from tests.relay_hosts import RelayProcess

PLAIN, HAND, KERNEL, USERSPACE, TWISTED, COTURN = "plain", "hand", "kernel", "userspace", "twisted", "coturn"
WAYS = (PLAIN, HAND, KERNEL, USERSPACE, TWISTED, COTURN)
"""``plain``: routed, no relay. ``hand``: DNAT and SNAT with two maps, no limits, no tickets. ``kernel``, ``userspace``:
ours. ``twisted``: the bare forwarder. ``coturn``: channels to a peer."""
OPEN = {"control": 1e9, "control_burst": 1e9, "host_bindings": 1 << 20, "bindings": 1 << 15}
"""Limits of our relays: two hosts stand for a thousand here. Those of the data are as they always are."""
EXTRA = (ECHO, FLOOD)
STUN_PORT = 3478


class Ways:
    """All of them.

    :ivar aims: where Anna sends.
    :ivar relays: our processes, by way.
    """

    def __init__(self, net: Net, folder: Path) -> None:
        self._net, self._folder = net, folder
        self.aims: dict[str, Aim] = {}
        self.relays: dict[str, RelayProcess] = {}
        self._halves: dict[str, list[Half]] = {}
        self._plain()
        self._hand()
        for mode in (KERNEL, USERSPACE):
            self._ours(mode)
        self._twisted()
        self._coturn()

    def refresh(self) -> None:
        """Keep our bindings, which end a minute after the last word."""
        for way, halves in self._halves.items():
            refresh_both(self._net, way, halves)
            self.relays[way].tell()
        for own in [*self._net.anna.values(), *(own for number, own in self._net.ben.items() if number != ECHO)]:
            drain(own)

    def _lines(self, way: str) -> list[tuple[str, int, int, str, int]]:
        """Each line: host, port, the relay's port, where it goes; both directions."""
        anna, _, _, ben = self._net.addresses(way)
        pairs = [(number, local) for number in range(SOCKETS) for local in range(FIRST, FIRST + LOCALS)]
        pairs += [(number, FIRST) for number in EXTRA]
        there = [(anna, ANNA + number, local, ben, BEN + number) for number, local in pairs]
        return there + [(ben, to, local, anna, port) for _, port, local, _, to in there]

    def _relayed(self, way: str) -> Aim:
        middle = self._net.addresses(way)[1]
        each = [(middle, FIRST + local) for local in range(LOCALS)]
        return Aim([each] * SOCKETS, (middle, FIRST))

    def _plain(self) -> None:
        self._net.middle[PLAIN].run("sysctl -qw net.ipv4.ip_forward=1")
        ben = self._net.addresses(PLAIN)[3]
        each = [[(ben, BEN + (number + local) % SOCKETS) for local in range(LOCALS)] for number in range(SOCKETS)]
        self.aims[PLAIN] = Aim(each, (ben, BEN + ECHO))

    def _hand(self) -> None:
        """Every line's new destination, and for each pair of ends the source: as one would write it by hand."""
        _, front, back, ben = self._net.addresses(HAND)
        lines = self._lines(HAND)
        key = "ipv4_addr . inet_service . inet_service : ipv4_addr . inet_service"
        fwd = ", ".join(f"{h} . {p} . {local} : {to} . {q}" for h, p, local, to, q in lines)
        src = ", ".join(
            f"{h} . {p} . {local} : {back if to == ben else front} . {local}" for h, p, local, to, _ in lines
        )
        rules = f"""table ip hand {{
            map m_fwd {{ type {key}; elements = {{ {fwd} }}; }}
            map m_src {{ type {key}; elements = {{ {src} }}; }}
            chain pre {{ type nat hook prerouting priority dstnat;
                dnat ip to ip saddr . udp sport . udp dport map @m_fwd; }}
            chain post {{ type nat hook postrouting priority srcnat; meta l4proto udp ct status dnat \
                snat ip to ip saddr . udp sport . ct original proto-dst map @m_src; }}
        }}
        """
        path = self._folder / "hand.nft"
        path.write_text(rules, encoding="ascii")
        self._net.middle[HAND].run(f"sysctl -qw net.ipv4.ip_forward=1; nft -f {path}")
        self.aims[HAND] = self._relayed(HAND)

    def _ours(self, way: str) -> None:
        words: dict[str, Any] = {"mode": way, "folder": str(self._folder / way), "limits": OPEN, "aged": True}
        relay = RelayProcess(self._net.middle[way], words | {"ports": [FIRST, FIRST + LOCALS - 1]})
        self._net.stack.callback(relay.kill)
        assert relay.first.get("in_kernel") == (way == KERNEL), relay.first
        _, front, back, _ = self._net.addresses(way)
        pairs = [(number, local) for number in range(SOCKETS) for local in range(FIRST, FIRST + LOCALS)]
        pairs += [(number, FIRST) for number in EXTRA]
        halves = []
        for number, local in pairs:
            names = f"anna{number}.{local}", f"ben{number}.{local}"
            halves.append(
                (Half(self._net.anna[number], local, *names), Half(self._net.ben[number], local, *names[::-1]))
            )
        bind(front, [one for one, _ in halves])
        bind(back, [other for _, other in halves])
        self.relays[way], self.aims[way] = relay, self._relayed(way)
        self._halves[way] = [half for pair in halves for half in pair]
        if way == KERNEL:
            relay.until(kernel_lines=2 * len(pairs))

    def _twisted(self) -> None:
        path = self._folder / "twisted.json"
        path.write_text(json.dumps(self._lines(TWISTED)), encoding="ascii")
        argv = [sys.executable, "-m", "tests.bench.relay_twisted", str(path)]
        process = self._net.run(self._net.middle[TWISTED], argv)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        self.aims[TWISTED] = self._relayed(TWISTED)

    def _coturn(self) -> None:
        """An allocation for each of Anna's sockets, a channel for each of Ben's: 256 pairs."""
        _, front, back, ben = self._net.addresses(COTURN)
        argv = ["turnserver", "-n", "--no-auth", "--no-cli", "--no-tls", "--no-dtls", "--simple-log"]
        argv += [
            "--log-file=/dev/null",
            "-L",
            front,
            "-E",
            back,
            f"--pidfile={self._folder}/turn.pid",
            f"--userdb={self._folder}/turn.db",
        ]
        self._net.run(self._net.middle[COTURN], argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        server = (front, STUN_PORT)
        heads = []
        for number in range(SOCKETS):
            allocation = Allocation(self._net.anna[number], server)
            each = [allocation.channel(ben, BEN + other, len(PAYLOAD)) for other in range(SOCKETS)]
            heads.append(each * (LOCALS // SOCKETS))
        echo = Allocation(self._net.anna[ECHO], server).channel(ben, BEN + ECHO, len(PAYLOAD))
        self.aims[COTURN] = Aim([[server] * LOCALS] * SOCKETS, server, heads, echo)


def refresh_both(net: Net, way: str, halves: list[Half]) -> None:
    """Both ends' refreshes."""
    _, front, back, _ = net.addresses(way)
    refresh(front, [half for half in halves if half.own in net.anna.values()])
    refresh(back, [half for half in halves if half.own in net.ben.values()])
