"""NAT-PMP against a real gateway."""

from __future__ import annotations

import pytest

from lanrage.core.mapping import Method
from tests.contracts_mapping import MapperContract


@pytest.mark.needs("root", "ip", "nft", "miniupnpd")
class TestNatpmp(MapperContract):
    """The contract."""

    method = Method.NAT_PMP


del MapperContract  # the contract itself is no test
