"""The world that the persister's bench changes, and its load: updates come by the clock, whatever the disk does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from lanrage.core.world import World
from lanrage.core.world_load import load_world
from lanrage.core.world_rows import MembershipRow, PartyRow, Put, Row, SeenRow
from lanrage.store.journal import Journal
from lanrage.store.sqlite import SqliteStore
from tests.fakes_control import PartyKit, node_keys

PARTY = 8
"""Members of each party."""
TICK = 0.002
"""Seconds between two looks at which updates are due."""

SECRET = b"persister bench!"


def rows_of(peers: int) -> list[Row]:
    """Parties of 8 with signed certificates, as the world stores them."""
    rows: list[Row] = []
    for number in range((peers + PARTY - 1) // PARTY):
        kit = PartyKit.make(f"bench {number}", host=node_keys(f"{number} 0"))
        invitation = kit.invitation(SECRET)
        rows.append(PartyRow(kit.party_id, kit.charter_blob, 1))
        for seat in range(PARTY):
            keys = node_keys(f"{number} {seat}")
            secret = SECRET if seat else None
            blob = kit.certificate(keys, f"member {seat}", f"10.66.0.{seat + 1}", secret=secret)
            rows.append(MembershipRow(kit.party_id, keys.identity.public, blob, invitation if seat else b"", None))
    return rows


@attrs.define
class Server:
    """World, journal and store of a control server, without its connections."""

    reactor: Any
    store: SqliteStore
    world: World
    journal: Journal
    rows: list[Row] = attrs.field(repr=False)

    @classmethod
    async def start(cls, reactor: Any, folder: Path, rows: list[Row], interval: float) -> Server:
        """Put the rows on disk, then load them as a server does."""
        store = SqliteStore(reactor, folder)
        await store.open()
        await store.apply([Put(row) for row in rows])
        await store.close()
        loaded = await store.open()
        return cls(reactor, store, load_world(loaded), Journal(reactor, store, loaded, interval), loaded)

    async def stop(self) -> None:
        """Write what waits."""
        await self.journal.stop()
        await self.store.close()

    async def __aenter__(self) -> Server:
        """So that no thread of the store is left behind."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closed, unless it is already."""
        await self.store.close()

    def members(self) -> list[MembershipRow]:
        """All peers."""
        return [row for row in self.rows if isinstance(row, MembershipRow)]

    def parties(self) -> dict[str, PartyRow]:
        """All parties."""
        return {row.party_id: row for row in self.rows if isinstance(row, PartyRow)}


async def arrive(reactor: Any, count: int, seconds: float, update: Callable[[int], object]) -> float:
    """Call `update` with 0 to `count` - 1, evenly over the time, without ever waiting for its effect (an open loop).

    :returns: seconds that the latest one came too late.
    """
    began = time.perf_counter()
    done = 0
    latest = 0.0

    def tick() -> None:
        nonlocal done, latest
        passed = time.perf_counter() - began
        due = min(count, int(passed / seconds * count) + 1)
        if done < due:
            latest = max(latest, passed - done * seconds / count)
        while done < due:
            update(done)
            done += 1
        if done == count:
            loop.stop()

    loop = LoopingCall(tick)
    loop.clock = reactor
    await loop.start(TICK)
    return latest


def shuffled(peers: int, updates: int) -> list[int]:
    """Which peer each update is of: every peer `updates` times, in an order that is the same each time."""
    order = [peer for peer in range(peers) for _ in range(updates)]
    random.Random(1).shuffle(order)
    return order


@attrs.define
class Presence:
    """Updates that need not be durable: a member's channel comes up or goes down.

    :ivar given: what was given last, by identity.
    """

    server: Server
    order: list[int] = attrs.field(repr=False)
    given: dict[bytes, float] = attrs.field(init=False, factory=dict)
    _members: list[MembershipRow] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._members = self.server.members()

    def update(self, number: int) -> None:
        """One change of the world, into the journal."""
        identity, world = self._members[self.order[number]].identity, self.server.world
        now = time.time()
        outcome = (world.disconnected if identity in world.online else world.connected)(identity, now)
        assert outcome.changes
        self.given[identity] = now
        self.server.journal.add(outcome.changes)

    def lost(self, rows: list[Row]) -> int:
        """How many of what was given last are not on disk."""
        stored = {row.identity: row.at for row in rows if isinstance(row, SeenRow)}
        return sum(stored.get(identity) != at for identity, at in self.given.items())


@attrs.define
class Membership:
    """Updates that are answered when they are on disk: a member leaves or comes back, its party's revision rises.

    :ivar answered: seconds from each update to its commit.
    """

    server: Server
    order: list[int] = attrs.field(repr=False)
    answered: list[float] = attrs.field(init=False, factory=list)
    given: dict[tuple[str, bytes], MembershipRow] = attrs.field(init=False, factory=dict)
    revisions: dict[str, PartyRow] = attrs.field(init=False)
    _members: list[MembershipRow] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._members = self.server.members()
        self.revisions = self.server.parties()

    def update(self, number: int) -> Deferred[None]:
        """One change of the world's kind, into the journal; fires when it is on disk."""
        seat = self.order[number]
        member = self._members[seat]
        changed = attrs.evolve(member, left=None if member.left is not None else time.time())
        party = self.revisions[member.party_id]
        self.revisions[member.party_id] = revised = attrs.evolve(party, revision=party.revision + 1)
        self._members[seat] = self.given[member.party_id, member.identity] = changed
        began = time.perf_counter()
        self.server.journal.add([Put(changed), Put(revised)])
        return self.server.journal.committed().addCallback(lambda _: self.answered.append(time.perf_counter() - began))

    def lost(self, rows: list[Row]) -> int:
        """How many of what was given last are not on disk."""
        stored = set(rows)
        wanted: list[Row] = [*self.given.values(), *self.revisions.values()]
        return sum(row not in stored for row in wanted)
