"""The control server's operations as the channel asks for them: a request in, an answer and its consequences out."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.party import refuse
from lanrage.core.tickets import Pair, pair_of
from lanrage.core.world import Caller, Outcome, World
from lanrage.core.world_rows import Change
from lanrage.errors import CryptoError, DecodeError, Refused
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
from lanrage.wire.party import message, messages

TICKET_LIFETIME = 3600.0
"""Seconds: a node fetches the next one long before; a stolen one is of use for the same pair alone."""


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
    """

    world: World
    issue_ticket: Callable[[str, bytes, Pair, float], bytes] | None

    def answer(self, caller: Caller, body: RequestBody, now: float) -> Answer:
        """Carry one request out; a refusal is an answer too.

        :param now: seconds since the epoch.
        """
        try:
            if isinstance(body, SendSignal):
                return self._signal(caller, body)
            if isinstance(body, FetchTicket):
                return self._ticket(caller, body, now)
            return self._change(caller, body, now)
        except Refused as error:
            return Answer(RefusedReply(error.code, error.message), at_once=isinstance(body, SendSignal | FetchTicket))
        except (CryptoError, DecodeError) as error:
            return Answer(RefusedReply("bad_certificate", str(error)[:300]))

    def _change(
        self,
        caller: Caller,
        body: CreateParty | PublishInvitation | FetchInvitation | ReserveAddress | JoinParty | LeaveParty | FollowParty,
        now: float,
    ) -> Answer:
        world = self.world
        match body:
            case CreateParty():
                created = world.create(caller, body.charter, body.certificate, now)
                return _answer(created, message(created.reply))
            case PublishInvitation():
                return _answer(world.publish(caller, body.party_id, body.invitation, now), Done())
            case FetchInvitation():
                found = world.fetch(caller, body.party_id, body.invitation_id, now)
                return _answer(found, InvitationFound(*found.reply))
            case ReserveAddress():
                held = world.reserve(caller, body.party_id, body.invitation_id, body.name, body.proof, now)
                return _answer(held, Reserved(str(held.reply), now))
            case JoinParty():
                joined = world.join(caller, body.party_id, body.invitation_id, body.certificate, now)
                return _answer(joined, message(joined.reply))
            case LeaveParty():
                return _answer(world.leave(caller, body.party_id, now), Done())
            case FollowParty():
                followed = world.follow(caller, body.party_id, body.since)
                return _answer(followed, message(followed.reply))

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
