"""The values of the undo journal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.undo import KINDS, MAX_ENTRIES, UndoEntry, decode_entries, encode_entries
from lanrage.errors import DecodeError
from tests.readers import check_reader

entries = st.builds(UndoEntry, st.sampled_from(KINDS), st.text(max_size=20), st.text(max_size=20))


@given(st.lists(entries, max_size=8))
def test_reads_back(noted: list[UndoEntry]) -> None:
    """A journal is the same entries after its trip, whatever characters they hold."""
    assert decode_entries(encode_entries(noted)) == noted


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    """Any bytes are entries or a DecodeError."""
    check_reader(decode_entries, data, encode_entries)


@pytest.mark.parametrize("data", [b'["format","disk",""]\n', b'["device","x",""]\n' * (MAX_ENTRIES + 1), b"{}\n"])
def test_no_journal_of_ours(data: bytes) -> None:
    """Unknown kinds, too many lines and other shapes are refused."""
    with pytest.raises(DecodeError):
        decode_entries(data)
