"""PCP against a real gateway."""

from __future__ import annotations

import pytest

from lanrage.core.mapping import Method
from tests.contracts_mapping import MapperContract


@pytest.mark.needs("root", "ip", "nft", "miniupnpd")
class TestPcp(MapperContract):
    """The contract."""

    method = Method.PCP


del MapperContract  # the contract itself is no test
