"""The control server's operations as the channel asks for them: a request in, an answer and its consequences out."""

from __future__ import annotations

import os
from collections.abc import Callable

import attrs

from lanrage.app import mailbox_requests
from lanrage.app.relay_keeper import RelayKeeper
from lanrage.core.admission import Admission
from lanrage.core.certificates import peek_party_key
from lanrage.core.identity import fingerprint
from lanrage.core.ledger import refuse
from lanrage.core.ledger_records import Revoke, open_record
from lanrage.core.mailboxes import Mailboxes
from lanrage.core.tickets import Pair, pair_of
from lanrage.core.world import World
from lanrage.core.world_rows import Change
from lanrage.core.world_state import Caller, Outcome
from lanrage.errors import CryptoError, DecodeError, Refused
from lanrage.timing import timing_decorator
from lanrage.wire.control import (
    CreateParty,
    Done,
    FetchInvitation,
    FetchTicket,
    FollowParty,
    InvitationFound,
    JoinParty,
    LeaveParty,
    NoticeBody,
    PartyRequest,
    PublishInvitation,
    RefusedReply,
    ReplyBody,
    RequestBody,
    ReserveAddress,
    Reserved,
    SendSignal,
    Signalled,
    TicketIssued,
)
from lanrage.wire.control_ledger import AppendRecord, ConflictsFound, FetchConflicts, SetStatus
from lanrage.wire.control_mailbox import MailboxRequest
from lanrage.wire.control_relay import ReportRelay
from lanrage.wire.party import conflict, lost, message, messages

TICKET_LIFETIME = 3600.0
"""Seconds: a node fetches the next one long before; a stolen one is of use for the same pair alone."""
CONTENDED = ("party_full", "name_taken")
"""Refusals of a join that another one caused: the last seat, the last address, the name."""


@attrs.frozen
class Answer:
    """What a request led to.

    :param changes: for the journal.
    :param notices: for whom, and what.
    :param at_once: nothing of it depends on what is not yet on disk.
    """

    reply: ReplyBody
    changes: tuple[Change, ...] = ()
    notices: tuple[tuple[bytes, NoticeBody], ...] = ()
    at_once: bool = False


@attrs.frozen
class Requests:
    """Carries requests out on the world.

    :param issue_ticket: ``(party_id, holder's identity, pair, expiry)`` to a signed relay ticket; ``None`` where no
        relay is known.
    :param admission: who may found parties.
    :param mailboxes: for spoken codes.
    :param relays: hear of tickets that are void, and report.
    """

    world: World
    issue_ticket: Callable[[str, bytes, Pair, float], bytes] | None
    admission: Admission = attrs.field(factory=Admission)
    mailboxes: Mailboxes = attrs.field(factory=lambda: Mailboxes(os.urandom))
    relays: RelayKeeper | None = None

    def answer(self, caller: Caller, body: RequestBody, now: float, origin: str = "") -> Answer:
        """Carry one request out; a refusal is an answer too.

        :param now: seconds since the epoch.
        :param origin: the host that the caller comes from; empty = not counted.
        """
        if isinstance(body, MailboxRequest):
            parties = self.world.parties_of.get(caller.identity, ())
            reply, told = mailbox_requests.answer(self.mailboxes, caller.identity, origin, parties, body, now)
            return Answer(reply, notices=told, at_once=True)
        try:
            return self._carry_out(caller, body, now, origin)
        except Refused as error:
            return self._refused(caller, body, error, now)
        except (CryptoError, DecodeError) as error:
            return Answer(RefusedReply("bad_certificate", str(error)[:300]))

    def _carry_out(self, caller: Caller, body: PartyRequest, now: float, origin: str) -> Answer:
        if isinstance(body, CreateParty):
            return self._create(caller, body, now, origin)
        if isinstance(body, SendSignal):
            return self._signal(caller, body)
        if isinstance(body, FetchTicket):
            return self._ticket(caller, body, now)
        if isinstance(body, ReportRelay):
            return self._report(caller, body, origin)
        if isinstance(body, AppendRecord | SetStatus | FetchConflicts):
            return self._govern(caller, body, now)
        return self._change(caller, body, now)

    def _refused(self, caller: Caller, body: PartyRequest, error: Refused, now: float) -> Answer:
        reply = RefusedReply(error.code, error.message)
        if isinstance(body, ReserveAddress) and error.code in CONTENDED:
            return _answer(self.world.contend(caller, body.party_id, f"join as {body.name}", error, now), reply)
        return Answer(reply, at_once=isinstance(body, SendSignal | FetchTicket | ReportRelay))

    def _create(self, caller: Caller, body: CreateParty, now: float, origin: str) -> Answer:
        """Found a party where the server's rules allow it; one that is there already is the same request again."""
        known = fingerprint(peek_party_key(body.charter)).hex() in self.world.parties
        if not known:
            self.admission.check_creation(caller.identity, origin, body.token, now)
        created = self.world.create(caller, body.charter, body.certificate, now)
        if not known:
            self.admission.created(caller.identity, origin, now)
        return _answer(created, message(created.reply))

    def _change(
        self,
        caller: Caller,
        body: PublishInvitation | FetchInvitation | ReserveAddress | JoinParty | LeaveParty | FollowParty,
        now: float,
    ) -> Answer:
        world = self.world
        match body:
            case PublishInvitation():
                return _answer(world.publish(caller, body.party_id, body.invitation, now), Done())
            case FetchInvitation():
                found = world.fetch(caller, body.party_id, body.invitation_id, now)
                return _answer(found, InvitationFound(*found.reply))
            case ReserveAddress():
                return self._reserve(caller, body, now)
            case JoinParty():
                joined = world.join(caller, body.party_id, body.invitation_id, body.certificate, now)
                return _answer(joined, message(joined.reply))
            case LeaveParty():
                left = _answer(world.leave(caller, body.party_id, now), Done())
                self._void_tickets(body.party_id, caller.identity)
                return left
            case FollowParty():
                followed = world.follow(caller, body.party_id, body.since, body.epoch)
                return _answer(followed, message(followed.reply))

    @timing_decorator("ipam.allocate")
    def _reserve(self, caller: Caller, body: ReserveAddress, now: float) -> Answer:
        held = self.world.reserve(caller, body.party_id, body.invitation_id, body.name, body.proof, now)
        return _answer(held, Reserved(str(held.reply), now))

    def _govern(self, caller: Caller, body: AppendRecord | SetStatus | FetchConflicts, now: float) -> Answer:
        world = self.world
        match body:
            case AppendRecord():
                return self._append(caller, body, now)
            case SetStatus():
                said = world.set_status(caller, body.party_id, body.text)
                return attrs.evolve(_answer(said, Done()), at_once=True)
            case FetchConflicts():
                found = world.conflicts(caller, body.party_id)
                return _answer(found, ConflictsFound(tuple(map(conflict, found.reply))))

    def _append(self, caller: Caller, body: AppendRecord, now: float) -> Answer:
        appended = self.world.append(caller, body.party_id, body.record, now)
        if appended.reply is not None:
            return _answer(appended, lost(appended.reply))
        answer = _answer(appended, Done())
        action = open_record(body.record, body.party_id).action
        if not isinstance(action, Revoke):
            return answer
        self._void_tickets(body.party_id, action.identity)
        closed = mailbox_requests.told(self.mailboxes.close_of(action.identity))
        return attrs.evolve(answer, notices=(*answer.notices, *closed))

    def _void_tickets(self, party_id: str, identity: bytes) -> None:
        """A member is one no more; relays carry nothing for it from now on."""
        if self.relays is not None:
            self.relays.revoke(party_id, identity, TICKET_LIFETIME)

    def _report(self, caller: Caller, body: ReportRelay, origin: str) -> Answer:
        if self.relays is None:
            raise refuse("not_allowed", "this control server takes no reports of relays")
        return Answer(self.relays.reported(caller, body, origin), at_once=True)

    def _signal(self, caller: Caller, body: SendSignal) -> Answer:
        peer = self.world.peer(caller, body.party_id, body.to)
        if peer.identity not in self.world.online:
            raise refuse("unknown_peer", f"{peer.name} has no connection to the control server now")
        signalled = Signalled(body.party_id, caller.identity, body.payload)
        return Answer(Done(), notices=((peer.identity, signalled),), at_once=True)

    def _ticket(self, caller: Caller, body: FetchTicket, now: float) -> Answer:
        peer = self.world.peer(caller, body.party_id, body.peer)
        if self.issue_ticket is None:
            raise refuse("no_relay")
        pair = pair_of(caller.wireguard_key, peer.wireguard_key)
        ticket = self.issue_ticket(body.party_id, caller.identity, pair, now + TICKET_LIFETIME)
        return Answer(TicketIssued(ticket, TICKET_LIFETIME), at_once=True)


def _answer(outcome: Outcome[object], reply: object) -> Answer:
    return Answer(reply, outcome.changes, messages(outcome.notes))  # type: ignore[arg-type]
