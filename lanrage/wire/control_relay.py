"""Messages of the control channel for relays: what they report, and whose tickets are void."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from lanrage.wire.control_types import Key, Message, PartyId, Text

REVOKED_LIMIT = 256
"""Revocations in one message: about 20 KiB; a relay asks on while there are more."""

Port = Annotated[int, Meta(ge=1, le=65535)]
Host = Annotated[str, Meta(max_length=255)]
Region = Annotated[str, Meta(max_length=32)]
Share = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0, le=2**53)]
Count = Annotated[int, Meta(ge=0, le=2**53)]


class ReportRelay(Message, frozen=True, tag="relay_report"):
    """A relay tells how it fares; answered by :class:`RelayTold`. For identities that the server's operator named.

    :param host: at which nodes reach it; empty = the address that it comes from.
    :param packets: forwarded a second; so are bytes and drops.
    :param trouble: what is wrong with it, in a sentence.
    :param since: number of the last revocation that it knows of; 0 = none.
    """

    host: Host
    first: Port
    last: Port
    region: Region = ""
    load: Share = 0.0
    draining: bool = False
    bindings: Count = 0
    capacity: Count = 0
    packets: Amount = 0.0
    bytes: Amount = 0.0
    drops: Amount = 0.0
    trouble: Text = ""
    since: Count = 0


class Revoked(Message, frozen=True):
    """A member's tickets that end at or before a moment (seconds since the epoch) are void."""

    party_id: PartyId
    holder: Key
    until: Count


class RelayTold(Message, frozen=True, tag="relay_told"):
    """What a relay has to know: revocations since the one that it named, and the number to name next."""

    number: Count
    revoked: Annotated[tuple[Revoked, ...], Meta(max_length=REVOKED_LIMIT)] = ()


class TicketsRevoked(Message, frozen=True, tag="revoked"):
    """For relays: more tickets are void."""

    number: Count
    revoked: Annotated[tuple[Revoked, ...], Meta(max_length=REVOKED_LIMIT)]
