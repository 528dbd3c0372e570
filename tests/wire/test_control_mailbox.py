"""Messages about mailboxes: round trips and limits."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.mailboxes import LETTER_LIMIT
from lanrage.core.spoken import NAMEPLATES
from lanrage.errors import DecodeError
from lanrage.wire.control import REQUEST_LIMIT, Notice, Reply, Request, decode, decode_record, encode
from lanrage.wire.control_mailbox import (
    ClaimMailbox,
    CloseMailbox,
    LetterCame,
    MailboxClaimed,
    MailboxGone,
    MailboxOpened,
    OpenMailbox,
    SendLetter,
)

keys = st.binary(min_size=32, max_size=32)
ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
nameplates = st.integers(0, NAMEPLATES - 1)
letters = st.binary(min_size=1, max_size=LETTER_LIMIT)
requests = st.one_of(
    st.builds(OpenMailbox, ids),
    st.builds(ClaimMailbox, nameplates),
    st.builds(SendLetter, nameplates, letters),
    st.builds(CloseMailbox, nameplates),
)
records = st.one_of(
    st.builds(Reply, st.just(1), st.builds(MailboxOpened, nameplates, st.floats(0.1, 1e6))),
    st.builds(Reply, st.just(1), st.builds(MailboxClaimed, ids, keys)),
    st.builds(Notice, st.builds(LetterCame, nameplates, keys, letters)),
    st.builds(Notice, st.builds(MailboxGone, nameplates, st.text(max_size=40))),
)


class MessageTests(SynchronousTestCase):
    """Bytes to values and back."""

    @given(body=requests, record=records)
    def test_round_trip(self, body: Any, record: Any) -> None:
        """Every message comes back as it was, within the limits."""
        raw = encode(Request(1, body, "c1"))
        self.assertEqual(Request(1, body, "c1"), decode(raw, Request))
        self.assertLess(len(raw), REQUEST_LIMIT)
        self.assertEqual(record, decode_record(encode(record)))

    def test_limits(self) -> None:
        """No nameplate outside the range, no letter that is empty or too long."""
        for wrong in (
            ClaimMailbox(-1),
            ClaimMailbox(NAMEPLATES),
            SendLetter(0, b""),
            SendLetter(0, bytes(LETTER_LIMIT + 1)),
            OpenMailbox("x"),
        ):
            with self.assertRaises(DecodeError):
                decode(encode(Request(1, wrong)), Request)
        for message in (
            Reply(1, MailboxOpened(0, 0.0)),
            Reply(1, MailboxClaimed("ab" * 16, bytes(31))),
            Notice(LetterCame(0, bytes(32), bytes(LETTER_LIMIT + 1))),
            Notice(MailboxGone(0, "x" * 41)),
        ):
            with self.assertRaises(DecodeError):
                decode_record(encode(message))
