"""From what a friend gave (an invitation code, its link, a spoken code) to an open control link and the invitation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import DeferredQueue, QueueOverflow
from twisted.internet.defer import TimeoutError as DeferredTimeout

from lanrage.app.control_link import ControlLink
from lanrage.core.code import InvitationCode, check_address
from lanrage.core.identity import fingerprint
from lanrage.core.mailboxes import LETTERS
from lanrage.core.pairing import Context, Joiner
from lanrage.core.spoken import SpokenCode
from lanrage.errors import REFUSALS, BadInput, Refused, Unreachable
from lanrage.wire.control import Done
from lanrage.wire.control_mailbox import (
    ClaimMailbox,
    LetterCame,
    MailboxClaimed,
    MailboxGone,
    MailboxNotice,
    SendLetter,
)

ANSWER_TIMEOUT = 10.0
"""Seconds for the inviter's node to answer, which takes it a few hundredths; a slow mobile network takes 2."""
ADDRESSES_LIMIT = 8
"""Addresses of a control server that a node keeps: those of the code, and those it was told beside."""

Progress = Callable[[str], None]
MakeLink = Callable[[tuple[str, ...], bytes | None], ControlLink]


@attrs.define
class Arrival:
    """Opens the link that a node joins by.

    :param clock: keeps time.
    :param identity: this node's Ed25519 public key.
    :param make_link: (addresses, pin) to a link that is not dialled yet.
    :param random: ``os.urandom``, or a test's own.
    """

    clock: Any
    identity: bytes
    make_link: MakeLink
    random: Callable[[int], bytes]

    async def arrive(
        self, given: InvitationCode | SpokenCode, server: str, usual_server: str, progress: Progress
    ) -> tuple[ControlLink, InvitationCode]:
        """Connect, and trade a spoken code for the invitation.

        :param server: ``host:port`` that the user gave, or empty: for an invitation code another address of its
            server, for a spoken code the server that it was made at.
        :param usual_server: where a spoken code was made unless the user says so.
        :raises Refused, Unreachable, BadInput, CryptoError, VersionMismatch: nothing is left open then.
        """
        if server:
            check_address(server, "server")
        if isinstance(given, InvitationCode):
            invitation, pin = _with_address(given, server), given.server
            link = await self._open(invitation.addresses, pin, progress)
            return link, invitation
        if not server and not usual_server:
            raise BadInput("server", "a spoken code needs the control server at which it was made: HOST:PORT")
        address = check_address(server or usual_server, "server")
        link = await self._open((address,), None, progress)
        try:
            return link, _with_address(await self._trade(link, given, progress), address)
        except BaseException:
            await link.close()
            raise

    async def _open(self, addresses: tuple[str, ...], pin: bytes | None, progress: Progress) -> ControlLink:
        link = self.make_link(addresses, pin)
        progress(f"connecting to {addresses[0]}")
        await link.open()
        return link

    async def _trade(self, link: ControlLink, spoken: SpokenCode, progress: Progress) -> InvitationCode:
        """The invitation behind a spoken code, of this very server."""
        progress("looking for the spoken code")
        post = link.mailbox_user = Post(self.clock, spoken.nameplate)
        try:
            claimed = await link.ask(ClaimMailbox(spoken.nameplate), MailboxClaimed)
            server_key = link.client.server_key
            context = Context(claimed.party_id, claimed.inviter, self.identity, server_key, spoken.nameplate)
            joiner = Joiner(context, spoken.password, self.random)
            progress("proving the spoken code to the node that made it")
            letter = joiner.start()
            while letter:
                await link.ask(SendLetter(spoken.nameplate, letter), Done)
                letter = joiner.receive(await post.next())
        finally:
            link.mailbox_user = None
        try:
            invitation = InvitationCode.decode(joiner.code or "")
        except BadInput as error:
            raise Refused("bad_certificate", f"the inviter's node gave no invitation: {error.rule}") from error
        if invitation.party_id != claimed.party_id or invitation.server != fingerprint(server_key):
            raise Refused("bad_certificate", "the inviter's node gave an invitation to another party or server")
        return invitation


@attrs.define(eq=False)
class Post:
    """The joiner's letters (:class:`lanrage.app.control_link.MailboxUser`)."""

    clock: Any
    nameplate: int
    _queue: DeferredQueue[LetterCame | Exception] = attrs.field(
        init=False, factory=lambda: DeferredQueue(size=LETTERS, backlog=1)
    )

    async def next(self) -> bytes:
        """The next letter of the inviter.

        :raises Refused: the mailbox is gone, with the reason; ``inviter_offline`` when none comes in time.
        :raises Unreachable: the link was lost.
        """
        try:
            came = await self._queue.get().addTimeout(ANSWER_TIMEOUT, self.clock)
        except DeferredTimeout as error:
            raise Refused("inviter_offline", "the node that made the spoken code does not answer") from error
        if isinstance(came, Exception):
            raise came
        return came.payload

    def heard(self, body: MailboxNotice) -> None:
        """See :class:`MailboxUser`."""
        if body.nameplate != self.nameplate:
            return
        if isinstance(body, MailboxGone):
            word = body.reason if body.reason in REFUSALS else "code_burnt"
            self._put(Refused(word, REFUSALS[word]))
        else:
            self._put(body)

    def lost(self) -> None:
        """See :class:`MailboxUser`."""
        self._put(
            Unreachable("the connection to the control server was lost: the spoken code is void, ask for a new one")
        )

    def _put(self, what: LetterCame | Exception) -> None:
        try:
            self._queue.put(what)
        except QueueOverflow:
            pass  # more than an exchange has: the server's doing, and of no use to it


def _with_address(code: InvitationCode, address: str) -> InvitationCode:
    """A code with an address to try first; the server's key is pinned, whatever is dialled."""
    others = tuple(other for other in code.addresses if other != address)
    return attrs.evolve(code, addresses=(address, *others)[:ADDRESSES_LIMIT]) if address else code
