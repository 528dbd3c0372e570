"""The node's side of the control server: the standing link, and the party's messages brought into the replica."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger

from lanrage.core.identity import NodeKeys
from lanrage.core.ledger_records import timeless
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import Behind, Forked, MemberRejected, ReplicaChange
from lanrage.errors import CryptoError, DecodeError, LanrageError, Refused, Unreachable
from lanrage.net.control_client import ControlClient, Dialling
from lanrage.wire import party
from lanrage.wire.control import (
    Accepted,
    Done,
    FetchTicket,
    FollowParty,
    NoticeBody,
    Reachable,
    RelaysChanged,
    ReplyBody,
    RequestBody,
    Resync,
    SendSignal,
    Signalled,
    TicketIssued,
)
from lanrage.wire.control_ledger import AppendRecord, StatusChanged
from lanrage.wire.control_mailbox import MailboxNotice
from lanrage.wire.control_opening import Denied
from lanrage.wire.control_party import Deltas, PartyState, Presence
from lanrage.wire.control_relay import TicketsRevoked

LIMIT_PAUSE = 2.0
"""Seconds before the party is asked for again where the server was asked too much, or did not answer in time."""

R = TypeVar("R")


class MailboxUser(Protocol):
    """Who has a mailbox at the control server."""

    def heard(self, body: MailboxNotice) -> None:
        """The server says something of a mailbox."""

    def lost(self) -> None:
        """The link is down, and with it all mailboxes are gone."""


class ControlLink:
    """One control server, and the party followed there.

    :param on_changes: called with what changed in the replica.
    :param on_signal: called with (sender's identity, payload).
    :param on_up: called when the link is up and the party is in step.
    :param now: seconds since the epoch.
    :param dialling: how to dial, where it is not the usual way.
    :ivar mailbox_user: hears of mailboxes.
    :ivar on_relays: called with what the server says when it names other relays.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        keys: NodeKeys,
        addresses: tuple[str, ...],
        pin: bytes | None,
        *,
        on_changes: Callable[[list[ReplicaChange]], None],
        on_signal: Callable[[bytes, bytes], None],
        on_up: Callable[[Accepted], None],
        now: Callable[[], float] = time.time,
        dialling: Dialling | None = None,
    ) -> None:
        self.replica: PartyReplica | None = None
        self.mailbox_user: MailboxUser | None = None
        self.on_relays: Callable[[Accepted], None] = lambda info: None
        self.trouble = ""
        self.clock_offset: float | None = None
        self._on_changes = on_changes
        self._on_signal = on_signal
        self._on_up = on_up
        self._now = now
        self._reactor = reactor
        self._pending: set[Deferred[None]] = set()
        self._following = self._again = False
        self._stopped = False
        self._identity = keys.identity.public
        self.client = ControlClient(
            reactor,
            keys,
            addresses,
            pin,
            on_notice=self._notice,
            on_connected=self._connected,
            on_disconnected=lambda _reason: self._mailboxes_lost(),
            dialling=dialling,
        )

    @property
    def log_fields(self) -> dict[str, str]:
        """What each of its log lines bears."""
        return {"party_id": self.replica.party_id} if self.replica is not None else {}

    # --- life ---------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Dial and log in.

        :raises Unreachable, VersionMismatch, CryptoError, Refused: when the first try fails; nothing goes on then.
        """
        self.client.startService()
        try:
            await self.client.when_connected()
        except BaseException:
            await self.close()
            raise

    def start(self) -> None:
        """Dial for as long as it takes."""
        self.client.startService()

    async def close(self) -> None:
        """End the link."""
        self._stopped = True
        self._mailboxes_lost()
        for pending in list(self._pending):
            pending.cancel()
        await self.client.stopService()

    def follow(self, replica: PartyReplica) -> None:
        """From now on keep this replica in step."""
        self.replica = replica

    def learn(self, blobs: tuple[bytes, ...], who: str) -> None:
        """Take ledger records in that came by another way than the party's deltas."""
        if self.replica is not None:
            self._tell(self.replica.learn(blobs, who))

    def brought(self, blobs: tuple[bytes, ...], who: str) -> None:
        """A member brought ledger records inside the tunnel; those that are new are brought to the server, too.

        What counts by the clock is taken from the control server alone, which compared the author's with its own: else
        a moderator could be the host before anybody can object.
        """
        replica = self.replica
        if replica is None:
            return
        before = replica.epoch
        self.learn(timeless(blobs, replica.party_id, self._now()), who)
        if replica.epoch > before and self.client.connected:
            self._keep(self.give_back(replica, before))

    def headed(self, epoch: int, head: bytes, who: str) -> None:
        """A member told the head of its ledger."""
        if self.replica is not None:
            self._tell(self.replica.headed(epoch, head, who))

    def said(self, text: str) -> None:
        """The control server took our status, which it tells the others alone."""
        if self.replica is not None:
            self._tell(self.replica.status(self._identity, text))

    def told(self, heard: PartyState | Deltas) -> None:
        """The control server said this of the party to somebody else's question."""
        if self.replica is not None:
            self._apply(self.replica, heard)

    # --- requests -----------------------------------------------------------------------------------------------------

    async def ask(self, body: RequestBody, kind: type[R]) -> R:
        """One request and its reply.

        :raises Refused, Unreachable: as the server or the network says.
        :raises DecodeError: for a reply of another kind.
        """
        reply: ReplyBody = await self.client.request(body)
        if not isinstance(reply, kind):
            raise DecodeError("the control server answered with another kind of message")
        return reply

    def signal(self, identity: bytes, payload: bytes) -> Deferred[bool]:
        """Pass sealed bytes to a member; fires with whether the server took them: not while the link is down."""
        if self.replica is None:
            return succeed(False)
        return self.post(SendSignal(self.replica.party_id, identity, payload))

    def post(self, body: RequestBody) -> Deferred[bool]:
        """A request whose answer is of no interest; fires with whether the server carried it out."""
        if not self.client.connected:
            return succeed(False)
        taken: Deferred[bool] = Deferred()
        self._keep(self._post(body, taken))
        return taken

    async def ticket(self, identity: bytes) -> bytes:
        """A relay ticket for this node and a member."""
        if self.replica is None:
            raise Unreachable("no party is followed")
        return (await self.ask(FetchTicket(self.replica.party_id, identity), TicketIssued)).ticket

    # --- within -------------------------------------------------------------------------------------------------------

    async def _post(self, body: RequestBody, taken: Deferred[bool]) -> None:
        took = False
        try:
            await self.client.request(body)
            took = True
        except (Refused, Unreachable) as error:
            self.log.debug("{kind} was not passed on: {reason}", kind=type(body).__name__, reason=str(error))
        finally:
            taken.callback(took)

    def _mailboxes_lost(self) -> None:
        if self.mailbox_user is not None:
            self.mailbox_user.lost()

    def _connected(self, info: Accepted) -> None:
        self.clock_offset = info.now - self._now()
        if self.replica is not None:
            self._catch_up(info)

    def _catch_up(self, info: Accepted | None, *, again: bool = False) -> None:
        """Ask for what was missed; `again` = what is being answered now may lack some of it."""
        if self._following:
            self._again = self._again or again
        else:
            self._following = True
            self._keep(self._follow(info))

    async def _follow(self, info: Accepted | None) -> None:
        replica = self.replica
        try:
            if replica is not None:
                await self._step(replica)
        finally:
            self._following = False
        if info is not None and replica is not None and not self._stopped:
            self._on_up(info)

    async def _step(self, replica: PartyReplica) -> None:
        """Ask for the party until an answer tells all."""
        self._again = True
        while self._again:
            self._again = False
            await self._ask_party(replica)

    async def give_back(self, replica: PartyReplica, epoch: int) -> None:
        """The server lacks records (it came back from an old backup): bring them, each is signed; others do so, too."""
        waiting = list(replica.ledger.after(epoch)) if replica.ledger is not None else []
        while waiting:
            try:
                reply = await self.client.request(AppendRecord(replica.party_id, waiting[0]))
            except Refused as error:
                if error.code != "limit":
                    raise
                await deferLater(self._reactor, LIMIT_PAUSE, lambda: None)
                continue
            if not isinstance(reply, Done):
                return
            del waiting[0]

    async def _ask_party(self, replica: PartyReplica) -> None:
        try:
            reply = await self.client.request(FollowParty(replica.party_id, replica.since, replica.epoch))
            self.trouble = ""
            if isinstance(reply, PartyState | Deltas):
                before = (replica.revision, replica.epoch)
                self._apply(replica, reply)
                # Not all of it: ask on, as long as each answer brings us further.
                self._again |= bool(replica.behind) and (replica.revision, replica.epoch) != before
            if isinstance(reply, PartyState) and reply.epoch < replica.epoch:
                self._keep(self.give_back(replica, reply.epoch))
        except Refused as error:
            if error.code == "limit":
                self.log.info("the party is not in step yet: {reason}", reason=str(error))
                await deferLater(self._reactor, LIMIT_PAUSE, lambda: None)
                self._again = True
                return
            self.trouble = f"the control server does not let this node follow the party: {error}"
            self.log.warn("the party cannot be followed: {trouble}", trouble=self.trouble)
        except Unreachable as error:
            self.log.info("the party is not in step yet: {reason}", reason=str(error))
            if self.client.connected:  # the server's disk was slow: its answer would come too late, so ask anew
                await deferLater(self._reactor, LIMIT_PAUSE, lambda: None)
                self._again = True

    def _notice(self, body: NoticeBody, _correlation_id: str) -> None:
        replica = self.replica
        if isinstance(body, Denied):
            self.log.warn("the control server says: {sentence}", sentence=body.message)
        elif isinstance(body, MailboxNotice):
            if self.mailbox_user is not None:
                self.mailbox_user.heard(body)
        elif isinstance(body, Reachable):
            self.client.told(body.addresses)
        elif isinstance(body, RelaysChanged):
            info = self.client.relays_changed(body.relays)
            if info is not None and replica is not None:
                self.on_relays(info)
        elif replica is None or isinstance(body, TicketsRevoked) or body.party_id != replica.party_id:
            return
        elif isinstance(body, Signalled):
            self._on_signal(body.sender, body.payload)
        elif isinstance(body, Resync):
            self._catch_up(None, again=True)
        else:
            self._apply(replica, body)

    def _apply(self, replica: PartyReplica, heard: PartyState | Deltas | Presence | StatusChanged) -> None:
        try:
            changes = party.apply(replica, heard, self._now())
        except (CryptoError, DecodeError) as error:
            self.log.warn("what the control server says of the party is refused: {error}", error=str(error))
            return
        self._tell(changes)

    def _tell(self, changes: list[ReplicaChange]) -> None:
        for change in changes:
            if isinstance(change, MemberRejected):
                self.log.warn("{who} is not taken in: {reason}", who=change.who, reason=change.reason)
            elif isinstance(change, Forked):
                self.log.warn("{who} shows another ledger from record {epoch} on", who=change.who, epoch=change.epoch)
        if any(isinstance(change, Behind) for change in changes):
            self._catch_up(None)
        if not all(isinstance(change, MemberRejected | Forked | Behind) for change in changes):
            self._on_changes(changes)

    def _keep(self, work: Any) -> None:
        deferred: Deferred[None] = Deferred.fromCoroutine(work)
        self._pending.add(deferred)
        deferred.addErrback(self._failed)
        deferred.addBoth(lambda _: self._pending.discard(deferred))

    def _failed(self, failure: Any) -> None:
        if self._stopped or failure.check(CancelledError):
            return
        if failure.check(LanrageError):
            self.log.warn("work on the control link failed: {reason}", reason=failure.getErrorMessage())
        else:
            self.log.failure("work on the control link failed", failure)
