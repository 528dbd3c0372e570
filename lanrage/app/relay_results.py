"""The shapes of what the node tells of relays (``docs/api.rst``); times in the unit that their name ends with."""

from __future__ import annotations

from typing import Literal

import msgspec

Health = Literal["up", "draining", "overloaded", "cooling", "silent", "unknown"]


class RelayShown(msgspec.Struct, frozen=True):
    """One relay that the control server names.

    :param id: as the members call it.
    :param address: ``host:first-last``.
    :param region: its operator's word.
    :param load: 0 to 1, as it reported.
    :param health: ``up``, ``draining`` (about to stop), ``overloaded``, ``cooling`` (left alone after a failure),
        ``silent`` (does not answer here) or ``unknown`` (not measured yet).
    :param rtt_ms: from this node.
    :param loss_pct: likewise.
    :param bound: pairs of this node that it holds a port for.
    :param cooling_s: seconds that it is still left alone.
    """

    id: str
    address: str
    region: str
    load: float
    health: Health
    rtt_ms: float | None = None
    loss_pct: float = 0.0
    bound: int = 0
    cooling_s: float = 0.0


class RelayPlaceShown(msgspec.Struct, frozen=True):
    """One relay in a pair's order.

    :param sum_ms: both ends' round trips; nothing while one is not known.
    :param cost_ms: the sum with what load, loss and region add or take.
    :param chosen: the pair has a port there, or asks for one.
    :param bound: the relay holds the port.
    :param usable: data sent there reaches the member.
    :param active: the pair's traffic takes it.
    :param reason: why it is where it is.
    """

    id: str
    sum_ms: float | None
    cost_ms: float
    chosen: bool
    bound: bool
    usable: bool
    active: bool
    reason: str


class RelayMemberShown(msgspec.Struct, frozen=True):
    """The relays of the pair with one member, the best first.

    :param decides: this node chooses for the pair; otherwise the member does, by its own weights.
    """

    name: str
    address: str
    decides: bool
    relays: list[RelayPlaceShown]


class RelaysShown(msgspec.Struct, frozen=True):
    """All relays, and the order of them for each member."""

    party_id: str
    region: str
    relays: list[RelayShown]
    members: list[RelayMemberShown]
