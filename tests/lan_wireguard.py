"""Members' machines whose tunnels are real WireGuard in userspace, for tests of sockets beside the tunnel."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.lan_hosts import LanHost, wait_for
from tests.namespaces import join

PORT = 51820


def ask(device: str, lines: list[str]) -> None:
    """Tell wireguard-go (the cross-platform interface of wireguard.com)."""
    with socket.socket(socket.AF_UNIX) as told:
        told.connect(f"/var/run/wireguard/{device}.sock")
        told.sendall(("\n".join(["set=1", *lines]) + "\n\n").encode())
        answer = told.recv(1000)
    assert answer == b"errno=0\n\n", answer


@contextlib.contextmanager
def wireguard_hosts() -> Iterator[tuple[LanHost, LanHost]]:
    """Two machines that reach each other by WireGuard over a cable; the device has another name on each."""
    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(contextlib.closing(LanHost(number))) for number in (1, 2)]
        join(hosts[0].space, "cable", hosts[1].space, "cable")
        secrets = [X25519PrivateKey.generate() for _ in hosts]
        for host, other, secret, theirs in zip(hosts, hosts[::-1], secrets, secrets[::-1], strict=True):
            host.tunnel = f"lrt{os.getpid()}-{host.number}"
            host.run("wireguard-go", "-f", host.tunnel)
            path = Path(f"/var/run/wireguard/{host.tunnel}.sock")
            wait_for("WireGuard", path.exists)
            key = ["private_key=" + secret.private_bytes_raw().hex(), f"listen_port={PORT}"]
            peer = ["public_key=" + theirs.public_key().public_bytes_raw().hex()]
            ends = [f"endpoint=203.0.113.{other.number}:{PORT}", f"allowed_ip={other.address}/32"]
            ask(host.tunnel, [*key, *peer, *ends])
            host.space.run(
                f"ip addr add 203.0.113.{host.number}/24 dev cable;"
                "ip link add eth0 type veth peer name nobody; ip link set nobody up; ip link set eth0 up;"
                f"ip addr add {host.real}/24 brd + dev eth0; ip route add default via 192.168.{host.number}.1;"
                f"ip link set {host.tunnel} mtu 1280 up; sysctl -qw net.ipv4.conf.all.rp_filter=0"
            )
        yield hosts[0], hosts[1]
