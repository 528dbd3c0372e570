"""Mailboxes as the control channel asks for them (:mod:`lanrage.core.mailboxes`); nothing of them reaches the disk."""

from __future__ import annotations

from collections.abc import Iterable

from lanrage.core.mailboxes import LIFETIME, Ending, Mailboxes
from lanrage.errors import REFUSALS, Refused
from lanrage.wire.control import Done, NoticeBody, RefusedReply, ReplyBody
from lanrage.wire.control_mailbox import (
    ClaimMailbox,
    CloseMailbox,
    LetterCame,
    MailboxClaimed,
    MailboxGone,
    MailboxOpened,
    MailboxRequest,
    OpenMailbox,
    SendLetter,
)

Told = tuple[tuple[bytes, NoticeBody], ...]
"""For whom, and what."""


def answer(
    mailboxes: Mailboxes, identity: bytes, origin: str, parties: Iterable[str], body: MailboxRequest, now: float
) -> tuple[ReplyBody, Told]:
    """Carry one request out; a refusal is an answer too.

    :param origin: the address that the caller comes from; empty = not counted.
    :param parties: those that the caller is a member of.
    :param now: seconds since the epoch.
    """
    try:
        match body:
            case OpenMailbox():
                if body.party_id not in parties:
                    raise Refused("not_a_member", REFUSALS["not_a_member"])
                opened = mailboxes.open(identity, body.party_id, origin, now)
                return MailboxOpened(opened.nameplate, LIFETIME), ()
            case ClaimMailbox():
                claim = mailboxes.claim(identity, body.nameplate, origin, now)
                if claim.mailbox is None:
                    return RefusedReply("code_burnt", REFUSALS["code_burnt"]), told(claim.endings)
                return MailboxClaimed(claim.mailbox.party_id, claim.mailbox.opener), ()
            case SendLetter():
                letter = mailboxes.post(identity, body.nameplate, body.payload, now)
                return Done(), ((letter.to, LetterCame(letter.nameplate, letter.sender, letter.payload)),)
            case CloseMailbox():
                return Done(), told(mailboxes.close(identity, body.nameplate))
    except Refused as error:
        return RefusedReply(error.code, error.message), ()


def told(endings: Iterable[Ending]) -> Told:
    """Endings as the channel says them."""
    return tuple((ending.to, MailboxGone(ending.nameplate, ending.reason)) for ending in endings)
