"""The shapes of what operations give back (``docs/api.rst``); times in the unit that their name ends with."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lanrage.core.diagnosis import NodeFacts

PathKind = Literal["direct", "relay", "relay-tcp", "none"]


class _Result(msgspec.Struct, frozen=True):
    """Base of all results. They may grow: a client ignores fields that it does not know."""


class PartyCreated(_Result, frozen=True):
    """A party was founded; `code` invites to it and is shown this once."""

    party_id: str
    name: str
    subnet: str
    address: str
    code: str


class Joined(_Result, frozen=True):
    """This node is a member.

    :param members: how many the party has now, this node counted.
    """

    party_id: str
    name: str
    subnet: str
    address: str
    members: int


class Left(_Result, frozen=True):
    """This node is no member any more."""

    party_id: str


class Invited(_Result, frozen=True):
    """A new invitation code, shown this once."""

    code: str


class MemberShown(_Result, frozen=True):
    """One member as this node sees it.

    :param identity: fingerprint of the identity key, in hexadecimal digits.
    :param me: it is this node; the path's fields are empty then.
    :param join_to_path_ms: from this node's, or the member's, joining to the first proven path.
    :param moves: how often the path was changed since.
    """

    name: str
    address: str
    identity: str
    online: bool
    me: bool
    path: PathKind
    rtt_ms: float | None = None
    endpoint: str | None = None
    handshake_age_s: float | None = None
    rx_bytes: int = 0
    tx_bytes: int = 0
    join_to_path_ms: float | None = None
    moves: int = 0


class PartyShown(_Result, frozen=True):
    """The party at a revision.

    :param me: this node's name in it.
    """

    party_id: str
    name: str
    subnet: str
    revision: int
    me: str
    members: list[MemberShown]


class ControlShown(_Result, frozen=True):
    """The control server that this node uses."""

    address: str
    connected: bool


class TunnelShown(_Result, frozen=True):
    """The WireGuard device: `kind` is ``kernel`` or ``userspace``."""

    device: str
    kind: str
    port: int


class CardShown(_Result, frozen=True):
    """The card that games see."""

    name: str
    address: str


class PartyName(_Result, frozen=True):
    """Which party this node is in."""

    party_id: str
    name: str


class StatusShown(_Result, frozen=True):
    """The node's state.

    :param state: ``idle``, ``connecting``, ``in-party`` or another word for what it is at.
    :param missing: sentences that say which rights or programs are missing and how to grant or install them.
    :param lan: counters of the LAN plane by name.
    :param channel: counters of the party channel inside the tunnel by name.
    """

    version: str
    state: str
    control: ControlShown | None = None
    tunnel: TunnelShown | None = None
    card: CardShown | None = None
    party: PartyName | None = None
    missing: list[str] = []
    lan: dict[str, Any] = {}
    channel: dict[str, Any] = {}


class Diagnosed(NodeFacts, frozen=True):
    """What the doctor judges (:mod:`lanrage.core.diagnosis`)."""
