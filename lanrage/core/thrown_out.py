"""Who was thrown out of a party lately, read from the end of its ledger: what a restarted server tells its relays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lanrage.core.ledger_records import Revoke, peek_record


def thrown_out_since(records: Sequence[bytes], party_id: str, since: float) -> Iterator[tuple[bytes, float]]:
    """Identities and times of the records of a time and later, the newest first.

    :param records: of a verified ledger, the oldest first; their times never go back.
    :param since: seconds since the epoch.
    """
    for blob in reversed(records):
        record = peek_record(blob, party_id)
        if record.at < since:
            return
        if isinstance(record.action, Revoke):
            yield record.action.identity, record.at
