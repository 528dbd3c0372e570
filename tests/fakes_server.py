"""A whole control server in memory: world, journal, desk and channel, and nodes with their real links to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.control_desk import ControlDesk
from lanrage.app.control_link import ControlLink
from lanrage.app.control_requests import Requests
from lanrage.core.admission import Admission
from lanrage.core.identity import NodeKeys
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import ReplicaChange
from lanrage.core.world import World
from lanrage.net.control_client import Dialling
from lanrage.net.control_server import ServerFactory
from lanrage.net.control_session import ServerConnection
from lanrage.store.journal import Journal
from lanrage.wire.control import Accepted
from lanrage.wire.control_codec import SUBPROTOCOLS
from tests.fakes_channel import SERVER_KEY, MemoryNetwork
from tests.fakes_control import NOW, PartyKit, SeededRandom, caller, node_keys
from tests.fakes_store import MemoryStore

ADDRESS = "server.example:7766"
SECRET = b"s" * 16


@attrs.define(eq=False)
class MemoryServer:
    """One party, founded by a host, with an open invitation; nodes come by :meth:`admit` and :meth:`dial`."""

    kit: PartyKit = attrs.field(
        factory=lambda: PartyKit.make("memory server", max_members=64, host=node_keys("host of the memory server"))
    )
    admission: Admission = attrs.field(factory=Admission)
    net: MemoryNetwork = attrs.field(factory=MemoryNetwork)
    world: World = attrs.field(factory=World)
    store: MemoryStore = attrs.field(factory=MemoryStore)
    host: NodeKeys = attrs.field(factory=lambda: node_keys("host of the memory server"))
    desk: ControlDesk = attrs.field(init=False)
    factory: ServerFactory = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        Deferred.fromCoroutine(self.store.open())
        journal = Journal(self.net.clock, self.store, ())
        requests = Requests(self.world, None, self.admission)
        self.desk = ControlDesk(requests, journal, lambda session: Accepted(session, self.now(), (), ()), self.now)
        self.factory = ServerFactory(
            self.net.clock, SERVER_KEY, self.desk, SeededRandom("memory server"), self.admission
        )
        self.net.servers[ADDRESS] = self.factory
        certificate = self.kit.certificate(self.host, "host", str(self.kit.charter.network[1]))
        self.tell(self.world.create(caller(self.host), self.kit.charter_blob, certificate, NOW))
        self.tell(self.world.publish(caller(self.host), self.kit.party_id, self.kit.invitation(SECRET), NOW))

    def now(self) -> float:
        """Seconds since the epoch."""
        return NOW + self.net.clock.seconds()

    def tell(self, outcome: Any) -> None:
        """Let those who follow know what was done to the world."""
        self.desk._tell(outcome)

    def admit(self, keys: NodeKeys, name: str) -> None:
        """This node becomes a member, or one with a new name."""
        now, party_id, who = self.now(), self.kit.party_id, caller(keys)
        invitation = self.kit.invitation_id(SECRET)
        address = self.world.reserve(who, party_id, invitation, name, self.kit.proof(keys, SECRET), now).reply
        certificate = self.kit.certificate(keys, name, str(address), secret=SECRET, now=now)
        self.tell(self.world.join(who, party_id, invitation, certificate, now))

    def leave(self, keys: NodeKeys) -> None:
        """This node leaves the party."""
        self.tell(self.world.leave(caller(keys), self.kit.party_id, self.now()))

    def dial(self, keys: NodeKeys, jitter: Callable[[], float] = lambda: 1.0, **options: Any) -> MemoryNode:
        """A node's link, which follows the party as soon as it is up."""
        return MemoryNode(self, keys, jitter, **options)

    def connection(self, keys: NodeKeys) -> ServerConnection | None:
        """The server's end of a node's connection."""
        return self.desk.sessions.get(keys.identity.public)


class MemoryNode:
    """A node as the control server knows it: link and replica.

    :ivar changes: all that its replica went through.
    :ivar signals: (sender, payload) of each signal.
    :ivar ups: how often it was in step after a login.
    """

    def __init__(
        self,
        server: MemoryServer,
        keys: NodeKeys,
        jitter: Callable[[], float],
        offers: tuple[str, ...] = SUBPROTOCOLS,
    ) -> None:
        self.server, self.keys = server, keys
        self.replica = PartyReplica(server.kit.party_id)
        self.changes: list[ReplicaChange] = []
        self.signals: list[tuple[bytes, bytes]] = []
        self.ups = 0
        random = SeededRandom(keys.identity.public.hex())
        self.link = ControlLink(
            server.net.clock,
            keys,
            (ADDRESS,),
            None,
            on_changes=self.changes.extend,
            on_signal=lambda sender, payload: self.signals.append((sender, payload)),
            on_up=self._up,
            now=server.now,
            dialling=Dialling(server.net.endpoint, jitter, random, offers),
        )
        self.link.follow(self.replica)
        self.link.start()

    def _up(self, _: Accepted) -> None:
        self.ups += 1

    @property
    def seen(self) -> dict[bytes, tuple[bytes, bool]]:
        """Certificate and presence of each member, as this node has them."""
        return {key: (entry.member.certificate_blob, entry.online) for key, entry in self.replica.members.items()}

    @property
    def truth(self) -> dict[bytes, tuple[bytes, bool]]:
        """The same as the server has them."""
        world = self.server.world
        members = world.parties[self.server.kit.party_id].members()
        return {m.certificate.identity: (m.certificate_blob, m.certificate.identity in world.online) for m in members}

    @property
    def in_step(self) -> bool:
        """It knows what the server knows."""
        party = self.server.world.parties[self.server.kit.party_id]
        return self.replica.revision == party.revision and self.seen == self.truth

    def close(self) -> None:
        """End."""
        Deferred.fromCoroutine(self.link.close())
        self.server.net.settle()
