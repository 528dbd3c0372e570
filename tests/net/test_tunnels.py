"""The choice of how WireGuard runs."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.trial.unittest import TestCase

from lanrage.errors import BadInput
from lanrage.net.kernel import kernel_has_wireguard
from lanrage.net.tunnels import make_tunnel


class TestChoice(TestCase):
    """Nothing is made yet, so no right is needed."""

    def setUp(self) -> None:
        """The reactor."""
        from twisted.internet import reactor

        self.reactor: Any = reactor

    async def test_kinds(self) -> None:
        """Each kind is what it says; auto is the kernel where it can."""
        for kind in ("kernel", "userspace"):
            assert (await make_tunnel(self.reactor, "lrt-a", kind)).kind == kind
        chosen = (await make_tunnel(self.reactor, "lrt-a")).kind
        assert chosen == ("kernel" if kernel_has_wireguard() else "userspace")

    async def test_refused(self) -> None:
        """A name or kind that cannot be is one sentence that names its option."""
        for name, kind, field in (
            ("", "auto", "tunnel_device"),
            ("a" * 16, "auto", "tunnel_device"),
            ("x", "odd", "wireguard"),
        ):
            with pytest.raises(BadInput, match=field):
                await make_tunnel(self.reactor, name, kind)
