"""The control channel's messages about mailboxes, by which a spoken code becomes an invitation code.

Who may send what, and when, is :mod:`lanrage.core.mailboxes`; what the letters hold is :mod:`lanrage.core.pairing`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from lanrage.core.mailboxes import LETTER_LIMIT
from lanrage.core.spoken import NAMEPLATES
from lanrage.wire.control_types import Key, Message, PartyId

Nameplate = Annotated[int, Meta(ge=0, lt=NAMEPLATES)]
Letter = Annotated[bytes, Meta(min_length=1, max_length=LETTER_LIMIT)]


class OpenMailbox(Message, frozen=True, tag="box_open"):
    """Ask for a mailbox; members of the party only; answered by :class:`MailboxOpened`."""

    party_id: PartyId


class ClaimMailbox(Message, frozen=True, tag="box_claim"):
    """Become the joiner of a mailbox; answered by :class:`MailboxClaimed`."""

    nameplate: Nameplate


class SendLetter(Message, frozen=True, tag="box_send"):
    """Pass bytes to the other end of a mailbox; answered by Done."""

    nameplate: Nameplate
    payload: Letter


class CloseMailbox(Message, frozen=True, tag="box_close"):
    """Give a mailbox up; answered by Done, also when there is none."""

    nameplate: Nameplate


class MailboxOpened(Message, frozen=True, tag="box_opened"):
    """The new mailbox and its life in seconds."""

    nameplate: Nameplate
    lifetime: Annotated[float, Meta(gt=0)]


class MailboxClaimed(Message, frozen=True, tag="box_claimed"):
    """Who opened the mailbox, and for which party; the exchange proves both."""

    party_id: PartyId
    inviter: Key


class LetterCame(Message, frozen=True, tag="box_letter"):
    """Bytes from the other end of a mailbox."""

    nameplate: Nameplate
    sender: Key
    payload: Letter


class MailboxGone(Message, frozen=True, tag="box_gone"):
    """A mailbox ended before its exchange did; `reason` is a word of :data:`lanrage.errors.REFUSALS`."""

    nameplate: Nameplate
    reason: Annotated[str, Meta(max_length=40)]


MailboxRequest = OpenMailbox | ClaimMailbox | SendLetter | CloseMailbox
MailboxReply = MailboxOpened | MailboxClaimed
MailboxNotice = LetterCame | MailboxGone
