"""The NAT kinds behave as their names say, in real namespaces."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import BadInput
from lanrage.lab import nat
from lanrage.lab.lab import Lab
from lanrage.lab.netns import entered, run
from lanrage.lab.ping import Pinger, first_answers
from lanrage.lab.plan import NAT_KINDS, PUBLIC_ADDRESSES
from tests.lab.bare import bare_lab
from tests.lab.natcheck import ADDRESS, ADDRESS_AND_PORT, INDEPENDENT, Observer, receive

EXPECTED = {
    "cone": (INDEPENDENT, INDEPENDENT),
    "address-restricted": (INDEPENDENT, ADDRESS),
    "restricted": (INDEPENDENT, ADDRESS_AND_PORT),
    "symmetric": (ADDRESS_AND_PORT, ADDRESS_AND_PORT),
    "double": (INDEPENDENT, ADDRESS_AND_PORT),
    "mapped": (INDEPENDENT, ADDRESS_AND_PORT),
    "open": (INDEPENDENT, INDEPENDENT),
}
HARD = {("restricted", "symmetric"), ("symmetric", "symmetric")}
"""Pairs that plain punching cannot join (RFC 5128)."""


@contextmanager
def observed(name: str, *kinds: str, udp_timeout: int | None = None) -> Iterator[tuple[Lab, Observer]]:
    """A laboratory and its reflectors."""
    with bare_lab(name, *kinds, udp_timeout=udp_timeout) as lab:
        observer = Observer(lab.plan)
        observer.open()
        try:
            yield lab, observer
        finally:
            observer.close()


class RulesetTests(SynchronousTestCase):
    """The text of the rules."""

    def test_unknown_kind(self) -> None:
        """Another kind is refused by name."""
        with self.assertRaises(BadInput):
            nat.ruleset("carrier-grade")

    def test_timeout(self) -> None:
        """The timeout reaches the maps of the kinds that have them, and each place for it is filled."""
        for kind in NAT_KINDS:
            text = nat.ruleset(kind, 7)
            self.assertNotIn("TIMEOUT", text)
            self.assertEqual("timeout 7s" in text, kind in ("cone", "address-restricted"))

    def test_kernel_default(self) -> None:
        """Without a timeout the kernel's own stays."""
        self.assertFalse([name for name in nat.sysctls(None) if "conntrack" in name])


@pytest.mark.needs("root", "ip", "nft")
class BehaviourTests(SynchronousTestCase):
    """Mapping and filtering of each kind, as reflectors see them."""

    @pytest.mark.needs("miniupnpd")
    def test_kinds(self) -> None:
        """Each kind maps and filters by RFC 4787 as its name says."""
        kinds = tuple(EXPECTED)
        with observed("tnat", *kinds) as (lab, observer):
            seen = {h.nat: (observer.mapping(h), observer.filtering(h)) for h in lab.plan.hosts}
        self.assertEqual(seen, EXPECTED)

    def test_blocked(self) -> None:
        """No datagram passes a router that blocks UDP, while TCP does, both ways."""
        with observed("tblk", "blocked") as (lab, observer):
            host = lab.plan.hosts[0]
            observer.client(host).sendto(b"?", (PUBLIC_ADDRESSES[0], 3478))
            self.assertIsNone(receive(observer.at[0, 3478]))
            with entered(lab.plan.public):
                ear = socket.create_server((PUBLIC_ADDRESSES[0], 7766))
            with ear, entered(host.netns):
                there = socket.create_connection((PUBLIC_ADDRESSES[0], 7766), timeout=5.0)
                with there, ear.accept()[0] as here:
                    here.sendall(b"hi")
                    self.assertEqual(there.recv(2), b"hi")

    def test_punching(self) -> None:
        """Punching joins every pair but those of a symmetric router with a port-filtering one."""
        with observed("tpun", *NAT_KINDS, *NAT_KINDS, "double", "double") as (lab, observer):
            hosts = lab.plan.hosts
            for i, first in enumerate(NAT_KINDS):
                for j, second in enumerate(NAT_KINDS[i:], start=i):
                    if (first, second) not in HARD:
                        self.assertTrue(observer.punch(hosts[i], hosts[4 + j]), (first, second))
            self.assertFalse(observer.punch(hosts[3], hosts[7]), "symmetric with symmetric")
            self.assertFalse(observer.punch(hosts[2], hosts[7]), "restricted with symmetric")
            self.assertTrue(observer.punch(hosts[8], hosts[9]), "double with double")
            self.assertFalse(observer.punch(hosts[8], hosts[7]), "double with symmetric")

    def test_lan(self) -> None:
        """Hosts behind one router reach each other directly and share one public address."""
        with observed("tlan", "restricted", "lan") as (lab, observer):
            first, second = lab.plan.hosts
            here, there = observer.client(first), observer.client(second)
            self.assertEqual(observer.mapped(here)[0], observer.mapped(there)[0])
            here.sendto(b"hi", (second.address, there.getsockname()[1]))
            self.assertEqual(receive(there), (b"hi", (first.address, here.getsockname()[1])))

    def test_expiry(self) -> None:
        """A mapping without traffic is forgotten after the timeout that was asked for."""
        with observed("texp", "cone", udp_timeout=1) as (lab, observer):
            client = observer.client(lab.plan.hosts[0])
            seen = observer.mapped(client)
            deadline = time.monotonic() + 10
            silent = False
            while not silent and time.monotonic() < deadline:
                receive(observer.at[0, 3478], 1.2)  # nothing comes: it waits for the timeout to pass
                observer.at[1, 3478].sendto(b"u", seen)
                silent = receive(client) is None
            self.assertTrue(silent)

    def test_ping(self) -> None:
        """Every host can ping the public one, and the counter tells that it was translated."""
        with bare_lab("tping", *NAT_KINDS) as lab:
            pinger = Pinger()
            wanted = {(host.netns, PUBLIC_ADDRESSES[0]) for host in lab.plan.hosts}
            try:
                self.assertEqual(set(first_answers(pinger, wanted, 5.0)), wanted)
            finally:
                pinger.close()
            for router in lab.plan.routers:
                with entered(router.netns):
                    counter = run(["nft", "list", "counter", "ip", "lab", "nat"])
                self.assertNotIn("packets 0 ", counter, router.kind)
