"""Both modes of the relay keep one contract; and what is of kernel mode alone: what it leaves, what others do to it."""

from __future__ import annotations

import pytest

from tests.contracts_relay import Base
from tests.contracts_relay_case import DATA
from tests.relay_hosts import RelayProcess

OTHERS = "nft 'table ip other { chain f { type filter hook forward priority 0; policy drop; }; }'"
"""As Docker's."""


@pytest.mark.needs("root", "nft", "tun")
class TestUserspace(Base.RelayContract):
    """The loop in this process."""

    mode = "userspace"


@pytest.mark.needs("root", "nft", "tun")
class TestKernel(Base.RelayContract):
    """nftables."""

    mode = "kernel"

    def forwarding(self) -> str:
        """Of the relay's card."""
        return self.hosts.relay.run("cat /proc/sys/net/ipv4/conf/wan/forwarding").strip()

    def ruleset(self) -> str:
        """Of the relay's machine."""
        return self.hosts.relay.run("nft list ruleset")

    def flows(self) -> list[str]:
        """That the relay's machine tracks."""
        return self.hosts.relay.run("conntrack -L -p udp 2>/dev/null").splitlines()

    def test_a_stop_leaves_nothing(self) -> None:
        """No table, no flow, no device; the card forwards no more."""
        relay = self.own_relay()
        anna, ben = self.pair(relay)
        self.passes(anna, ben)
        self.assertEqual("1", self.forwarding())
        self.assertIn("lanrage_relay_7800", self.ruleset())
        relay.stop()
        self.assertEqual(("0", "", []), (self.forwarding(), self.ruleset(), self.flows()))
        self.assertNotIn("lanrly", self.hosts.relay.run("ip -o link"))

    def test_a_crash_leaves_nothing_behind_the_next_start(self) -> None:
        """The table is gone with the process, the card is set back by the next one."""
        relay = self.own_relay()
        anna, ben = self.pair(relay)
        self.passes(anna, ben)
        relay.kill()
        self.assertEqual("", self.ruleset())
        self.own_relay().stop()
        self.assertEqual("0", self.forwarding())

    def test_a_card_that_forwarded_before_goes_on(self) -> None:
        """It is somebody else's doing."""
        self.own_relay().stop()
        self.hosts.relay.run("sysctl -qw net.ipv4.conf.wan.forwarding=1")
        self.addCleanup(self.hosts.relay.run, "sysctl -qw net.ipv4.conf.wan.forwarding=0")
        relay = self.own_relay()
        relay.stop()
        self.assertEqual("1", self.forwarding())

    def test_it_is_no_router(self) -> None:
        """A host that sends others' packets to the relay's machine gets none through."""
        relay = self.own_relay()
        anna, ben = self.pair(relay)
        self.hosts.router.run("ip route add 10.99.0.0/24 via 10.81.9.2")
        self.hosts.relay.run("ip route add 10.99.0.0/24 via 10.81.9.1")
        anna.socket.sendto(DATA, ("10.99.0.1", 7))
        anna.socket.sendto(DATA, ("10.99.0.1", 7802))
        self.passes(anna, ben)
        counted = self.hosts.router.run("cat /proc/net/snmp | grep ^Icmp: | tail -1").split()
        self.assertEqual("0", counted[5 + 1], "the router heard of no packet that went in circles")

    def test_no_redirects(self) -> None:
        """Both ends are behind the one card, yet nobody is told of a shorter way."""
        relay = self.run_relay()
        anna, ben = self.pair(relay)
        for _ in range(5):
            self.passes(anna, ben)
            self.passes(ben, anna)
        for name in ("anna", "ben"):
            head, values = self.hosts.of[name].run("grep ^Icmp: /proc/net/snmp").splitlines()
            self.assertEqual("0", dict(zip(head.split(), values.split(), strict=True))["InRedirects"])
        head, values = self.hosts.relay.run("grep ^Icmp: /proc/net/snmp").splitlines()
        del values
        self.assertIn("OutRedirects", head)

    def test_anothers_flush_changes_nothing(self) -> None:
        """The table is ours alone."""
        relay = self.run_relay()
        anna, ben = self.pair(relay)
        before = relay.tell()
        self.hosts.relay.run("nft flush ruleset")
        self.passes(anna, ben)
        self.passes(ben, anna)
        after = relay.tell()
        self.assertEqual((True, before["python_packets"]), (after["in_kernel"], after["python_packets"]))

    def blocked(self, relay: RelayProcess) -> None:
        """Userspace serves, and the kernel holds nothing."""
        words = relay.tell()
        self.assertEqual((False, 0), (words["in_kernel"], words.get("kernel_lines", 0)))

    def test_anothers_forward_policy(self) -> None:
        """Userspace takes over while another firewall drops what we forward, and gives back what is possible again."""
        relay = self.run_relay()
        anna, ben = self.pair(relay)
        self.passes(anna, ben)
        self.hosts.relay.run(OTHERS)
        self.blocked(relay)
        self.passes(anna, ben)
        self.passes(ben, anna)
        self.hosts.relay.run("nft delete table ip other")
        relay.until(in_kernel=True, kernel_lines=2)
        before = relay.tell()["python_packets"]
        self.passes(anna, ben)
        self.passes(ben, anna)
        self.assertEqual(before, relay.tell()["python_packets"])

    def test_where_it_cannot_be(self) -> None:
        """``kernel`` says why and ends, ``auto`` goes on in userspace."""
        self.own_relay().stop()
        self.hosts.relay.run(OTHERS)
        self.addCleanup(self.hosts.relay.run, "nft delete table ip other")
        relay = self.hosts.run_relay("kernel", self.folder)
        self.assertIn("forward policy", relay.first["error"])
        relay = self.hosts.run_relay("auto", self.folder)
        self.addCleanup(relay.stop)
        self.assertFalse(relay.first["in_kernel"])
        self.mode = "userspace"
        anna, ben = self.pair(relay)
        self.passes(anna, ben)
        self.assertEqual("0", self.forwarding())

    def test_an_end_on_the_relays_own_machine(self) -> None:
        """A node beside the relay is served in userspace."""
        relay = self.run_relay()
        anna, local = self.hosts.end("anna", 51820, 7800), self.hosts.end("relay", 4242, 7803)
        anna.bind("anna", "ben")
        local.bind("ben", "anna")
        self.passes(anna, local)
        self.passes(local, anna)
        self.assertEqual(0, relay.tell()["kernel_lines"])
