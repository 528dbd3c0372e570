"""Names and addresses of laboratories."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.links import check_device_name
from lanrage.errors import BadInput
from lanrage.lab import roles
from lanrage.lab.plan import (
    KINDS,
    LAN,
    MAX_RELAYS,
    NAT_KINDS,
    OPEN,
    check_name,
    device_prefix,
    expand_kinds,
    make_plan,
    netns_name,
    owner,
)

names = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?\Z")
kind_lists = st.lists(st.sampled_from(KINDS), min_size=1, max_size=12).filter(
    lambda kinds: all(a != OPEN or b != LAN for a, b in zip([OPEN, *kinds], kinds, strict=False))
)


class PlanTests(SynchronousTestCase):
    """Properties of every plan."""

    @given(names, kind_lists)
    def test_unique(self, name: str, kinds: list[str]) -> None:
        """No two hosts share a namespace, device or own address; each is behind the right router."""
        plan = make_plan(name, kinds)
        self.assertEqual([host.nat for host in plan.hosts], kinds)
        self.assertEqual(len(set(plan.namespaces())), len(plan.namespaces()))
        for values in (
            [host.address for host in plan.hosts],
            [host.tunnel_device for host in plan.hosts],
            [router.public_address for router in plan.routers],
            [(host.public_address, host.wireguard_port) for host in plan.hosts],
        ):
            self.assertEqual(len(set(values)), len(values))
        for before, host in zip([None, *plan.hosts], plan.hosts, strict=False):
            check_device_name(host.tunnel_device)
            self.assertEqual(host.router is None, host.nat == OPEN)
            if host.nat in NAT_KINDS:
                self.assertEqual(host.router, host.index)
            if host.nat == LAN and before is not None:
                self.assertEqual((host.router, host.public_address), (before.router, before.public_address))

    @given(names, kind_lists)
    def test_owner(self, name: str, kinds: list[str]) -> None:
        """Every namespace tells whose it is, and a device's prefix fits any index."""
        for space in make_plan(name, kinds).namespaces():
            self.assertEqual(owner(space), name)
        check_device_name(f"{device_prefix(name)}200")

    @given(st.text(max_size=40))
    def test_any_name(self, text: str) -> None:
        """Any text is taken or refused with the rule; what is taken makes a namespace that is known as its own."""
        try:
            check_name(text)
        except BadInput as error:
            self.assertEqual(error.field, "name")
        else:
            self.assertEqual(owner(netns_name(text, "wan")), text)

    @given(st.text(max_size=60))
    def test_foreign_namespaces(self, text: str) -> None:
        """Whatever a namespace is called, it is ours only by our pattern."""
        name = owner(text)
        self.assertTrue(name is None or text.startswith(f"lanrage-{name}-"))

    def test_expansion(self) -> None:
        """Kinds repeat for more hosts; each mistake is named."""
        self.assertEqual(expand_kinds(["cone", LAN], 5), ["cone", LAN, "cone", LAN, "cone"])
        self.assertEqual(expand_kinds(["open", "cone"], None), ["open", "cone"])
        for words, hosts, field in (
            (["moon"], None, "nat"),
            ([], None, "hosts"),
            (["open"], 0, "hosts"),
            (["open"], 201, "hosts"),
            (["open", "cone"], 1, "nat"),
            ([LAN], None, "nat"),
            (["open", LAN], None, "nat"),
        ):
            with self.assertRaises(BadInput) as caught:
                expand_kinds(words, hosts)
            self.assertEqual(caught.exception.field, field)

    def test_host_words(self) -> None:
        """A host is found by name and by index; others are refused with the list of those there are."""
        plan = make_plan("x", ["open", "cone"])
        self.assertEqual((plan.host("2"), plan.host("h1")), (plan.hosts[1], plan.hosts[0]))
        with self.assertRaises(BadInput) as caught:
            plan.host("3")
        self.assertIn("h1, h2", str(caught.exception))

    def test_relays(self) -> None:
        """A second relay is there when asked for, with an address and ports of its own."""
        self.assertEqual(roles.relay_roles(make_plan("x", ["open"])), ["relay"])
        self.assertEqual(roles.relay_roles(make_plan("x", ["open"], MAX_RELAYS)), list(roles.RELAYS))
        self.assertEqual(len(set(roles.RELAYS.values())), MAX_RELAYS)
