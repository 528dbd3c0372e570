"""Which kind both behaviours make."""

from __future__ import annotations

import pytest

from lanrage.core.nat import Filtering, Mapping, NatKind, kind_of

F, M, K = Filtering, Mapping, NatKind
CASES = [
    (M.NONE, F.INDEPENDENT, True, K.OPEN),
    (M.NONE, F.ADDRESS, True, K.ADDRESS_RESTRICTED),
    (M.NONE, F.ADDRESS, False, K.OPEN),
    (M.NONE, F.ADDRESS_AND_PORT, True, K.PORT_RESTRICTED),
    (M.NONE, F.UNKNOWN, True, K.UNKNOWN),
    (M.INDEPENDENT, F.INDEPENDENT, True, K.FULL_CONE),
    (M.INDEPENDENT, F.ADDRESS, True, K.ADDRESS_RESTRICTED),
    (M.INDEPENDENT, F.ADDRESS, False, K.ADDRESS_RESTRICTED),
    (M.INDEPENDENT, F.ADDRESS_AND_PORT, True, K.PORT_RESTRICTED),
    (M.INDEPENDENT, F.UNKNOWN, True, K.UNKNOWN),
    (M.UNKNOWN, F.INDEPENDENT, True, K.UNKNOWN),
]


@pytest.mark.parametrize(("mapping", "filtering", "complete", "kind"), CASES)
def test_kinds(mapping: Mapping, filtering: Filtering, complete: bool, kind: NatKind) -> None:
    """Each by its definition; a firewall without NAT is met like a cone that filters so."""
    assert kind_of(mapping, filtering, complete=complete) is kind


@pytest.mark.parametrize("filtering", Filtering)
def test_symmetric_whatever_it_filters(filtering: Filtering) -> None:
    """A mapping that depends on the other end is what counts."""
    for mapping in (M.ADDRESS, M.ADDRESS_AND_PORT):
        assert kind_of(mapping, filtering) is K.SYMMETRIC
