"""UPnP IGD against a real gateway."""

from __future__ import annotations

import pytest

from lanrage.core.mapping import Method, NotMapped, Transport, Wish
from tests.contracts_mapping import NONCE, MapperContract


@pytest.mark.needs("root", "ip", "nft", "miniupnpd")
class TestUpnp(MapperContract):
    """The contract."""

    method = Method.IGD

    async def test_refused(self) -> None:
        """What the gateway's rules forbid is refused with a reason: ports of its own services."""
        with self.assertRaises(NotMapped) as caught:
            await self.mapper.map(Wish(Transport.UDP, 53, exact=True), 53, NONCE)
        self.assertFalse(caught.exception.absent)
        self.assertTrue(str(caught.exception))


del MapperContract  # the contract itself is no test
