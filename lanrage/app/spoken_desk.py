"""The inviter's side of spoken codes: makes them, and answers the one joiner that each is for.

This node itself limits guesses, whatever the control server does: one exchange a code, for ten minutes at most, and
the first thing that goes wrong burns the code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.app.control_link import ControlLink
from lanrage.core.identity import fingerprint
from lanrage.core.mailboxes import LIFETIME
from lanrage.core.pairing import Context, Inviter
from lanrage.core.spoken import SpokenCode
from lanrage.errors import DecodeError, Refused, Unreachable
from lanrage.wire.control_mailbox import (
    CloseMailbox,
    LetterCame,
    MailboxGone,
    MailboxNotice,
    MailboxOpened,
    OpenMailbox,
    SendLetter,
)

TROUBLE_TIME = LIFETIME
"""Seconds for which the node tells its user that a code was burnt."""
BURNT = "somebody tried the spoken code and failed: it is void now; make a new one: lanrage party invite --spoken"
LOST = (
    "the connection to the control server was lost and with it the spoken code: make a new one: "
    "lanrage party invite --spoken"
)


@attrs.frozen
class Spoken:
    """A new spoken code and the invitation behind it.

    :param code: to read out.
    :param lifetime: seconds.
    :param invitation: the invitation code that the exchange gives.
    """

    code: str = attrs.field(repr=False)
    lifetime: float
    invitation: str = attrs.field(repr=False)


@attrs.define(eq=False)
class _Offer:
    """A code that was, or is about to be, told."""

    link: ControlLink
    party_id: str
    code: SpokenCode
    invitation: str = ""
    timer: IDelayedCall | None = None
    joiner: bytes = b""
    machine: Inviter | None = None


class SpokenDesk:
    """All spoken codes of a node that wait for their joiner (:class:`lanrage.app.control_link.MailboxUser`).

    :param clock: keeps time.
    :param identity: this node's Ed25519 public key.
    :param random: ``os.urandom``, or a test's own.
    """

    log = Logger()

    def __init__(self, clock: IReactorTime, identity: bytes, random: Callable[[int], bytes]) -> None:
        self._clock, self._identity, self._random = clock, identity, random
        self._offers: dict[int, _Offer] = {}
        self._trouble, self._since = "", 0.0

    def __len__(self) -> int:
        """Codes that wait."""
        return len(self._offers)

    @property
    def trouble(self) -> str:
        """What became of a code that its joiner could not use, for the user; empty after ten minutes."""
        return self._trouble if self._clock.seconds() - self._since < TROUBLE_TIME else ""

    async def offer(self, link: ControlLink, party_id: str, invite: Callable[[], Awaitable[str]]) -> Spoken:
        """Make a spoken code.

        :param invite: makes the invitation code that it stands for; called when the mailbox is there.
        :raises Refused, Unreachable: the server gives no mailbox, or what `invite` raises.
        """
        link.mailbox_user = self
        opened = await link.ask(OpenMailbox(party_id), MailboxOpened)
        if opened.nameplate in self._offers:
            raise DecodeError("the control server gave the same mailbox twice")
        code = SpokenCode.make(opened.nameplate, self._random)
        offer = self._offers[opened.nameplate] = _Offer(link, party_id, code)
        lifetime = min(LIFETIME, opened.lifetime)
        offer.timer = self._clock.callLater(lifetime, self._expire, offer)
        try:
            offer.invitation = await invite()
        except BaseException:
            self._remove(offer)
            link.post(CloseMailbox(opened.nameplate))
            raise
        if self._offers.get(opened.nameplate) is not offer:
            raise Unreachable("the spoken code was lost while it was made: try again")
        self._trouble = ""
        self.log.info("a spoken code was made, for {lifetime:.0f} s", lifetime=lifetime)
        return Spoken(code.encode(), lifetime, offer.invitation)

    def forget(self) -> None:
        """Void all codes, without a word: this node left the party."""
        for offer in list(self._offers.values()):
            self._remove(offer)
        self._trouble = ""

    # --- what the control link says -----------------------------------------------------------------------------------

    def heard(self, body: MailboxNotice) -> None:
        """See :class:`MailboxUser`."""
        offer = self._offers.get(body.nameplate)
        if offer is None:
            return
        if isinstance(body, MailboxGone):
            self._burn(offer)
        else:
            self._take(offer, body)

    def lost(self) -> None:
        """See :class:`MailboxUser`."""
        if self._offers:
            self.forget()
            self._complain(LOST)

    # --- within -------------------------------------------------------------------------------------------------------

    def _take(self, offer: _Offer, letter: LetterCame) -> None:
        if offer.machine is None:
            offer.joiner, offer.machine = letter.sender, self._machine(offer, letter.sender)
        try:
            if letter.sender != offer.joiner:
                raise Refused("code_burnt", "another joiner writes")
            answer = offer.machine.receive(letter.payload)
        except Refused:
            self._burn(offer)
            return
        if offer.machine.done:
            self._remove(offer)
            who = {"peer_id": fingerprint(offer.joiner).hex(), "party_id": offer.party_id}
            self.log.info("node {peer_id} proved the spoken code and gets the invitation", **who)
        offer.link.post(SendLetter(offer.code.nameplate, answer))

    def _machine(self, offer: _Offer, joiner: bytes) -> Inviter:
        code, server_key = offer.code, offer.link.client.server_key
        context = Context(offer.party_id, self._identity, joiner, server_key, code.nameplate)
        return Inviter(context, code.password, offer.invitation, self._random)

    def _burn(self, offer: _Offer) -> None:
        self._remove(offer)
        offer.link.post(CloseMailbox(offer.code.nameplate))
        self._complain(BURNT)

    def _expire(self, offer: _Offer) -> None:
        self._remove(offer)
        self.log.info("a spoken code expired unused")

    def _remove(self, offer: _Offer) -> None:
        if self._offers.get(offer.code.nameplate) is offer:
            del self._offers[offer.code.nameplate]
        if offer.timer is not None and offer.timer.active():
            offer.timer.cancel()

    def _complain(self, sentence: str) -> None:
        self._trouble, self._since = sentence, self._clock.seconds()
        self.log.warn("a spoken code is void: {sentence}", sentence=sentence)
