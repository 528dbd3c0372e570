"""Whom a connection is counted under, and whose word about that is believed."""

from __future__ import annotations

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.origins import HOPS_LIMIT, PROXIES_LIMIT, Proxies, is_here, origin_of, parse_host
from lanrage.errors import BadInput

ADDRESSES = st.ip_addresses().map(str)
PROXY, FAR = "198.51.100.9", "203.0.113.7"


class OriginTests(SynchronousTestCase):
    """One connection's host."""

    def test_origins(self) -> None:
        """An IPv4 address, an IPv6 /64; nothing for this machine, whatever way it is written."""
        wanted = {
            "198.51.100.7": "198.51.100.7",
            "::ffff:198.51.100.7": "198.51.100.7",
            "2001:db8::1": "2001:db8::/64",
            "2001:db8::2%eth0": "2001:db8::/64",
            "2001:db8:0:1::1": "2001:db8:0:1::/64",
            "127.0.0.1": "",
            "127.9.9.9": "",
            "::1": "",
            "::ffff:127.0.0.1": "",
            "": "",
        }
        self.assertEqual(wanted, {host: origin_of(host) for host in wanted})
        self.assertEqual(
            {"": True, "127.0.0.1": True, "::1": True, FAR: False, "localhost": False, "x": False},
            {host: is_here(host) for host in ("", "127.0.0.1", "::1", FAR, "localhost", "x")},
        )

    @given(st.text(max_size=30))
    def test_any_text(self, text: str) -> None:
        """No text makes an error; what is no address is nobody's."""
        if parse_host(text) is None:
            self.assertEqual("", origin_of(text))


class ProxyTests(SynchronousTestCase):
    """Named proxies."""

    def test_parse(self) -> None:
        """Addresses, networks and the word for UNIX sockets; nothing else, and not everybody."""
        proxies = Proxies.parse(f"{PROXY}, 10.0.0.0/24 ,2001:db8::/32,unix", "proxy")
        inside = (PROXY, f"::ffff:{PROXY}", "10.0.0.77", "2001:db8:1::1", "")
        self.assertTrue(all(host in proxies for host in inside))
        self.assertFalse(any(host in proxies for host in (FAR, "10.0.1.0", "127.0.0.1", "::1", "x")))
        self.assertEqual(Proxies(), Proxies.parse("", "proxy"))
        self.assertNotIn("", Proxies())
        many = ",".join(f"10.0.0.{n}" for n in range(PROXIES_LIMIT + 1))
        for wrong in ("localhost", "10.0.0.1/24", "0.0.0.0/0", "::/0", "10.0.0.1:80", many):
            with self.assertRaises(BadInput) as caught:
                Proxies.parse(wrong, "proxy")
            self.assertEqual("proxy", caught.exception.field)

    def test_client(self) -> None:
        """The right-most entry that is no proxy of ours counts: what stands left of it the client may have made up."""
        proxies = Proxies.parse(f"{PROXY},10.0.0.0/24", "proxy")
        wanted = {
            FAR: FAR,
            f"1.1.1.1, {FAR}": FAR,
            f"{FAR}, 10.0.0.5": FAR,
            f"nonsense, {FAR} , 10.0.0.5,10.0.0.6": FAR,
            f"{FAR}:4711": FAR,
            "[2001:db8::1]:4711": "2001:db8::1",
            "2001:DB8::1": "2001:db8::1",
            "::ffff:203.0.113.7": FAR,
            "10.0.0.5": "10.0.0.5",
            "127.0.0.1": "127.0.0.1",
            # Malformed: the proxy's own.
            "": PROXY,
            "unknown": PROXY,
            f"{FAR}, ": PROXY,
            f"{FAR}, 1.2.3.4.5": PROXY,
            "host:80": PROXY,
            "_secret, 10.0.0.5": PROXY,
        }
        self.assertEqual(wanted, {header: proxies.client(PROXY, header) for header in wanted})

    @given(st.text(max_size=60), ADDRESSES)
    def test_nobody_else_is_believed(self, header: str, peer: str) -> None:
        """A peer that is not named counts as itself, whatever its header says."""
        self.assertEqual(peer, Proxies().client(peer, header))

    @given(st.lists(ADDRESSES, max_size=5), ADDRESSES, st.lists(st.integers(1, 254), max_size=HOPS_LIMIT - 1))
    def test_what_a_client_puts_before_changes_nothing(self, made_up: list[str], real: str, hops: list[int]) -> None:
        """Whatever header a client sends itself, each proxy adds whom it saw, and that decides."""
        proxies = Proxies.parse("10.0.0.0/24", "proxy")
        if real in proxies:
            return
        header = ", ".join([*made_up, real, *(f"10.0.0.{hop}" for hop in hops)])
        unwrapped = getattr(ip_address(real), "ipv4_mapped", None) or ip_address(real)
        self.assertEqual(str(unwrapped), proxies.client("10.0.0.1", header))

    @given(st.text(max_size=200))
    def test_any_header(self, header: str) -> None:
        """Any header gives an address."""
        proxies = Proxies.parse(PROXY, "proxy")
        self.assertIsNotNone(parse_host(proxies.client(PROXY, header)))
