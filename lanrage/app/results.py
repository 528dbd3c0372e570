"""The shapes of what operations give back (``docs/api.rst``); times in the unit that their name ends with."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lanrage.app.bridge_results import BridgeShown
from lanrage.app.desktop_results import ReadyShown
from lanrage.core.diagnosis import MappingFacts, NodeFacts
from lanrage.core.ledger_records import Role
from lanrage.core.path_reports import PathWord

PathKind = PathWord


class Result(msgspec.Struct, frozen=True):
    """Base of all results. They may grow: a client ignores fields that it does not know."""


class PartyCreated(Result, frozen=True):
    """A party was founded; `code` invites to it and is shown this once; `link` is the same as a link."""

    party_id: str
    name: str
    subnet: str
    address: str
    code: str
    link: str


class JoinStageShown(Result, frozen=True):
    """One stage of a join (``docs/tracing.rst``).

    :param at_ms: since the join began; null = it did not come while it was waited for.
    :param took_ms: since the latest stage of before; null as well.
    """

    stage: str
    at_ms: float | None
    took_ms: float | None


class Joined(Result, frozen=True, omit_defaults=True):
    """This node is a member.

    :param members: how many the party has now, this node counted.
    :param stages: where ``timing_s`` was given: the join's stages in order; absent otherwise.
    """

    party_id: str
    name: str
    subnet: str
    address: str
    members: int
    stages: list[JoinStageShown] | None = None


class Left(Result, frozen=True):
    """This node is no member any more."""

    party_id: str


class SpokenShown(Result, frozen=True):
    """A code to read out to one friend.

    :param server: ``HOST:PORT`` of the control server, which the friend has to name.
    """

    code: str
    lifetime_s: float
    server: str


class Invited(Result, frozen=True):
    """A new invitation code, shown this once; as a link, too, and where that was asked for as a spoken code."""

    code: str
    link: str
    spoken: SpokenShown | None = None


class HostedShown(Result, frozen=True):
    """A game's server at a member's address; `query` names the protocol by which it is asked at `query_port`."""

    proto: str
    port: int
    query: str = ""
    query_port: int = 0


class PlayingShown(Result, frozen=True):
    """A game that a member plays.

    :param game: id of its profile.
    :param hosting: others can join it there.
    """

    game: str
    name: str
    hosting: bool = False
    servers: list[HostedShown] = []


class TuningShown(Result, frozen=True):
    """What the games that run here change (``docs/games-effects.rst``).

    :param keepalive_s: seconds at most between packets of an idle link; null where no game says.
    :param mtu: of the tunnel; null outside of a party.
    :param dscp: with which the tunnel's outer packets are marked; null: they are not.
    :param trouble: why traffic is not marked as it should be; empty while it is.
    """

    games: list[str]
    keepalive_s: int | None = None
    mtu: int | None = None
    dscp: int | None = None
    trouble: str = ""


class MemberShown(Result, frozen=True):
    """One member as this node sees it.

    :param identity: fingerprint of the identity key, in hexadecimal digits.
    :param me: it is this node; the path's fields are empty then.
    :param join_to_path_ms: from this node's, or the member's, joining to the first proven path.
    :param moves: how often the path was changed since.
    :param role: ``host``, ``moderator`` or ``member``, by the ledger.
    :param standing: ``full``, or ``provisional`` until a full member has countersigned.
    :param status: what it says of itself.
    :param games: what it plays now.
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
    role: Role = "member"
    standing: Literal["full", "provisional"] = "full"
    status: str = ""
    games: list[PlayingShown] = []


class PartyShown(Result, frozen=True):
    """The party at a revision.

    :param me: this node's name in it.
    :param epoch: of the ledger's last record.
    :param takeover: the party's rule for another host: ``never``, ``majority`` or ``delay``.
    :param alarms: what must be known of the ledger, in sentences.
    :param ready: the ready check that runs or has just ended.
    """

    party_id: str
    name: str
    subnet: str
    revision: int
    me: str
    members: list[MemberShown]
    epoch: int = 0
    takeover: str = "delay"
    alarms: list[str] = []
    ready: ReadyShown | None = None


class Governed(Result, frozen=True):
    """A record was signed and is in the party's ledger: its epoch, and what it did."""

    party_id: str
    epoch: int
    what: str


class StatusSet(Result, frozen=True):
    """What this node says of itself from now on."""

    party_id: str
    status: str


class ConflictShown(Result, frozen=True):
    """Two wanted what one could have: when, who lost, what it wanted, what stands in its place."""

    at: float
    who: str
    wish: str
    winner: str


class ConflictsShown(Result, frozen=True):
    """The last conflicts, the oldest first."""

    conflicts: list[ConflictShown]


class RecordShown(Result, frozen=True):
    """One record of the ledger: its epoch, its time by its author's clock, and what it did."""

    epoch: int
    at: float
    author: str
    what: str


class HistoryShown(Result, frozen=True):
    """The ledger, the oldest first."""

    records: list[RecordShown]


class ControlShown(Result, frozen=True):
    """The control server that this node uses."""

    address: str
    connected: bool


class TunnelShown(Result, frozen=True):
    """The WireGuard device: `kind` is ``kernel`` or ``userspace``."""

    device: str
    kind: str
    port: int


class CardShown(Result, frozen=True):
    """The card that games see.

    :param address6: in the party's IPv6 network; ``None`` where this machine goes without.
    :param without_ipv6: why it does, in a sentence.
    """

    name: str
    address: str
    address6: str | None = None
    without_ipv6: str = ""


class PartyName(Result, frozen=True):
    """Which party this node is in."""

    party_id: str
    name: str


class NatShown(Result, frozen=True):
    """What this node is behind (``docs/protocol-stun.rst``); ``unknown`` and null until it is known.

    :param kind: ``open``, ``full-cone``, ``address-restricted``, ``port-restricted``, ``symmetric``, ``blocked`` or
        ``unknown``.
    :param mapping: ``none``, ``endpoint-independent``, ``address-dependent`` or ``address-and-port-dependent``.
    :param filtering: the same words but ``none``.
    :param hairpin: a packet from within to the outside address comes back in.
    :param lifetime_s: how long a mapping that nobody uses was seen to live.
    :param mapped: WireGuard's port as it is seen from outside.
    :param complete: false where the reflector has one address only, so that less is certain.
    :param tested_s: age of the last test.
    """

    kind: str
    mapping: str = "unknown"
    filtering: str = "unknown"
    hairpin: bool | None = None
    lifetime_s: float | None = None
    mapped: str | None = None
    complete: bool = False
    tested_s: float | None = None


class RelayTcpShown(Result, frozen=True):
    """The relay over TCP, where UDP does not come through.

    :param state: ``connecting``, ``open``, ``waiting`` (until the next try), or ``idle``.
    :param peers: members that are reached by it.
    :param dropped: datagrams that waited too long for TCP, in the connection that stands.
    :param trouble: why the last try failed; empty = it did not.
    """

    state: str
    peers: int = 0
    dropped: int = 0
    trouble: str = ""


class WebShown(Result, frozen=True):
    """The page for browsers.

    :param url: its address; empty while it is not served.
    :param trouble: why it is not; empty while it is.
    """

    url: str
    trouble: str = ""


class StatusShown(Result, frozen=True):
    """The node's state.

    :param state: ``idle``, ``connecting``, ``in-party`` or another word for what it is at.
    :param missing: sentences that say which rights or programs are missing and how to grant or install them.
    :param lan: counters of the LAN plane by name.
    :param channel: counters of the party channel inside the tunnel by name.
    :param nat: null while there is no party.
    :param relay_tcp: ``None`` while it is not needed.
    :param birthday: counters of birthday probing by name; empty where it is off.
    :param bridges: this machine's cards whose devices take part.
    :param games: who plays what: sentences such as ``Ana hosts Teeworlds``.
    :param tuning: what the games that run here change; null while none runs.
    :param web: the page for browsers; null where it is switched off.
    :param port_mapping: where the router maps WireGuard's port; none while it is switched off, or outside a party.
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
    nat: NatShown | None = None
    relay_tcp: RelayTcpShown | None = None
    birthday: dict[str, Any] = {}
    port_mapping: MappingFacts | None = None
    bridges: list[BridgeShown] = []
    games: list[str] = []
    tuning: TuningShown | None = None
    web: WebShown | None = None


class Diagnosed(NodeFacts, frozen=True):
    """What the doctor judges (:mod:`lanrage.core.diagnosis`)."""
