"""Messages of the control channel after the login (``docs/protocol-control.rst``).

Those before it are in :mod:`lanrage.wire.control_opening`; then each sealed record (:mod:`lanrage.wire.login`) holds
one :class:`Request`, :class:`Reply` or :class:`Notice`, as MessagePack or JSON (:mod:`lanrage.wire.control_codec`).
Unknown fields, wrong types and values beyond their limits are refused by the types themselves.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from lanrage.core.certificates import Epoch, Name
from lanrage.core.relay_registry import OFFERED_LIMIT, RELAY_ID_PATTERN
from lanrage.wire.control_codec import MSGPACK, Codec
from lanrage.wire.control_ledger import (
    AppendRecord,
    ConflictsFound,
    FetchConflicts,
    Lost,
    SetStatus,
    StatusChanged,
)
from lanrage.wire.control_mailbox import MailboxNotice, MailboxReply, MailboxRequest
from lanrage.wire.control_opening import Denied, Welcome
from lanrage.wire.control_party import Deltas, PartyState, Presence
from lanrage.wire.control_relay import Host, Port, Region, RelayTold, ReportRelay, Share, TicketsRevoked
from lanrage.wire.control_types import (
    Blob,
    CorrelationId,
    Key,
    Message,
    PartyId,
    Revision,
    Text,
)

REQUEST_LIMIT = 16 * 1024
"""Bytes of one message from a client: the largest request holds a signal, or two statements; as JSON 11 KiB."""
SIGNAL_LIMIT = 8192
"""Bytes of one sealed signal: 20 candidates are under 1 KiB."""
TOKEN_LIMIT = 256
"""Characters of a registration token."""

# --- at the end of the login ------------------------------------------------------------------------------------------


class RelayInfo(Message, frozen=True):
    """A relay: UDP ports `first` to `last` of `host`; an empty host is the address by which the server was reached.

    :param id: the same for all nodes of this server; empty for a relay of a server that gives none.
    :param region: the operator's word for where it stands.
    :param load: 0 to 1.
    :param draining: it is about to stop.
    """

    host: Host
    first: Port
    last: Port
    id: Annotated[str, Meta(pattern=RELAY_ID_PATTERN)] = ""
    region: Region = ""
    load: Share = 0.0
    draining: bool = False


Relays = Annotated[tuple[RelayInfo, ...], Meta(max_length=OFFERED_LIMIT)]


Addresses = Annotated[tuple[Annotated[str, Meta(max_length=262)], ...], Meta(max_length=4)]
"""``host:port``, the best first."""


class Accepted(Message, frozen=True, tag="accepted"):
    """Server's first sealed record after the login.

    :param session: for logs on both sides.
    :param now: the server's clock, seconds since the epoch.
    :param reflectors: ``host:port`` of STUN reflectors; an empty host is the address by which the server was reached.
    :param addresses: as :class:`Reachable` tells.
    """

    session: Annotated[str, Meta(max_length=32)]
    now: float
    reflectors: Annotated[tuple[Annotated[str, Meta(max_length=262)], ...], Meta(max_length=8)]
    relays: Relays
    addresses: Addresses = ()


# --- requests ---------------------------------------------------------------------------------------------------------


class CreateParty(Message, frozen=True, tag="create"):
    """Register a party with its founder; answered by :class:`PartyState`.

    :param token: where the server registers parties by token alone.
    """

    charter: Blob
    certificate: Blob
    token: Annotated[str, Meta(max_length=TOKEN_LIMIT)] = ""


class PublishInvitation(Message, frozen=True, tag="publish"):
    """Store an invitation so that its code can be used; answered by :class:`Done`. Members only."""

    party_id: PartyId
    invitation: Blob


class FetchInvitation(Message, frozen=True, tag="fetch"):
    """Ask for the signed invitation behind a code; answered by :class:`InvitationFound`."""

    party_id: PartyId
    invitation_id: PartyId


class ReserveAddress(Message, frozen=True, tag="reserve"):
    """Ask for the address to be certified; the same identity always gets the same; answered by :class:`Reserved`.

    :param proof: the invite key's signature over the caller's identity
        (:func:`lanrage.core.certificates.prove_reservation`).
    """

    party_id: PartyId
    invitation_id: PartyId
    name: Name
    proof: Annotated[bytes, Meta(min_length=64, max_length=64)]


class JoinParty(Message, frozen=True, tag="join"):
    """Become a member by a certificate over the reserved address; answered by :class:`PartyState`."""

    party_id: PartyId
    certificate: Blob
    invitation_id: PartyId


class LeaveParty(Message, frozen=True, tag="leave"):
    """Give up membership; the address stays reserved for this identity; answered by :class:`Done`."""

    party_id: PartyId


class FollowParty(Message, frozen=True, tag="follow"):
    """Receive a party's deltas from now on, after those since a revision; answered by :class:`Deltas`, or by
    :class:`PartyState` where they are too many.

    :param epoch: of the last ledger record that this node has.
    """

    party_id: PartyId
    since: Revision
    epoch: Epoch = 0


class SendSignal(Message, frozen=True, tag="signal"):
    """Pass sealed bytes to another member who is online; answered by :class:`Done`."""

    party_id: PartyId
    to: Key
    payload: Annotated[bytes, Meta(min_length=1, max_length=SIGNAL_LIMIT)]


class FetchTicket(Message, frozen=True, tag="ticket"):
    """Ask for a relay ticket for the pair of the caller and another member; answered by :class:`TicketIssued`."""

    party_id: PartyId
    peer: Key


PartyRequest = (
    CreateParty
    | PublishInvitation
    | FetchInvitation
    | ReserveAddress
    | JoinParty
    | LeaveParty
    | FollowParty
    | SendSignal
    | FetchTicket
    | AppendRecord
    | SetStatus
    | FetchConflicts
    | ReportRelay
)
"""All requests but those for mailboxes."""
RequestBody = PartyRequest | MailboxRequest


# --- replies ----------------------------------------------------------------------------------------------------------


class Done(Message, frozen=True, tag="done"):
    """The request was carried out (and, where it changes the party, is on disk)."""


class InvitationFound(Message, frozen=True, tag="invitation"):
    """The signed invitation and the charter of its party."""

    charter: Blob
    invitation: Blob


class Reserved(Message, frozen=True, tag="reserved"):
    """The address to put into the certificate, and the server's clock for its times."""

    address: Annotated[str, Meta(max_length=15)]
    now: float


class TicketIssued(Message, frozen=True, tag="issued"):
    """A signed relay ticket and its life in seconds."""

    ticket: Annotated[bytes, Meta(min_length=1, max_length=1024)]
    lifetime: Annotated[float, Meta(gt=0)]


class RefusedReply(Message, frozen=True, tag="refused"):
    """Why not: a word of :data:`lanrage.errors.REFUSALS` (or ``bad_input``) and a sentence."""

    code: Annotated[str, Meta(max_length=40)]
    message: Text


# --- notices ----------------------------------------------------------------------------------------------------------


class Signalled(Message, frozen=True, tag="signalled"):
    """Sealed bytes from another member."""

    party_id: PartyId
    sender: Key
    payload: Annotated[bytes, Meta(max_length=SIGNAL_LIMIT)]


class Resync(Message, frozen=True, tag="resync"):
    """The client read too slowly and news of this party was dropped: it asks :class:`FollowParty` from its revision."""

    party_id: PartyId


class RelaysChanged(Message, frozen=True, tag="relays"):
    """The relays from now on, in place of those of ``accepted``."""

    relays: Relays


class Reachable(Message, frozen=True, tag="reachable"):
    """Where friends reach this server from now on: invitations name these addresses before the one in use."""

    addresses: Addresses


ReplyBody = (
    PartyState
    | Deltas
    | Done
    | InvitationFound
    | Reserved
    | TicketIssued
    | Lost
    | ConflictsFound
    | MailboxReply
    | RelayTold
    | RefusedReply
)
NoticeBody = (
    Deltas
    | Presence
    | StatusChanged
    | Signalled
    | Resync
    | MailboxNotice
    | RelaysChanged
    | TicketsRevoked
    | Reachable
    | Denied
)


class Request(Message, frozen=True, tag="q"):
    """A numbered request; numbers rise within a connection."""

    id: Annotated[int, Meta(ge=0, le=2**53)]
    body: RequestBody
    correlation_id: CorrelationId = ""


class Reply(Message, frozen=True, tag="a"):
    """The answer to the request of the same number."""

    id: Annotated[int, Meta(ge=0, le=2**53)]
    body: ReplyBody


class Notice(Message, frozen=True, tag="n"):
    """Something happened that was not asked for."""

    body: NoticeBody
    correlation_id: CorrelationId = ""


T = TypeVar("T")


def encode(message: msgspec.Struct, codec: Codec = MSGPACK) -> bytes:
    """One message as bytes."""
    return codec.encode(message)


def decode(data: bytes, kind: type[T], codec: Codec = MSGPACK) -> T:
    """Read one message of the given type (a class or a union of classes).

    :raises DecodeError: names the field and the rule.
    """
    return codec.decode(data, kind)


def decode_opening(data: bytes, codec: Codec = MSGPACK) -> Welcome | Denied:
    """Read the server's first message.

    :raises DecodeError: names the field and the rule.
    """
    message: Welcome | Denied = codec.decode(data, Welcome | Denied)  # type: ignore[arg-type]
    return message


def decode_record(data: bytes, codec: Codec = MSGPACK) -> Reply | Notice:
    """Read what a server sends after the login.

    :raises DecodeError: names the field and the rule.
    """
    message: Reply | Notice = codec.decode(data, Reply | Notice)  # type: ignore[arg-type]
    return message
