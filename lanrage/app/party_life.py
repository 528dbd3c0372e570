"""This node's party, from entering to leaving: replica, session and control link kept together, and on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Interface
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage.app import party_log
from lanrage.app.bridge_ways import want_bridges
from lanrage.app.config import NodeConfig
from lanrage.app.control_link import ControlLink
from lanrage.app.endpoint_book import EndpointBook
from lanrage.app.game_session import PlaySide
from lanrage.app.governance import Governance
from lanrage.app.guest_dismissals import Dismissals
from lanrage.app.machinery import Machinery
from lanrage.app.party_saving import PartySaving
from lanrage.app.party_session import PartySession
from lanrage.app.relay_tcp import Door
from lanrage.app.revival import Revival
from lanrage.app.settings_live import go_by
from lanrage.app.surroundings import Surroundings
from lanrage.app.task_runner import Job, TaskRunner
from lanrage.app.tunnel_ledger import TunnelLedger
from lanrage.core.identity import NodeKeys
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import MemberRemoved, PresenceChanged, ReplicaChange
from lanrage.errors import REFUSALS, LanrageError, Refused, StoreError
from lanrage.log_context import context, set_context
from lanrage.net.threads import in_thread
from lanrage.store.bridges import BridgesFile
from lanrage.store.dismissals import DismissalsFile
from lanrage.store.endpoints import EndpointsFile
from lanrage.store.replica import PartyFile, SavedParty
from lanrage.wire.control import Accepted

P = ParamSpec("P")
T = TypeVar("T")

NOT_SHOWN = "The control server no longer shows this node as a member: leave the party and join it again"


class PartyLife:
    """At most one party at a time.

    :param now: seconds since the epoch.
    :param random: ``os.urandom``, or a test's own.
    :param alone: runs a coroutine function when no operation of the user runs, for what this does by itself.
    :param tasks: carries out what has several steps.
    :ivar saved: the party as on disk; ``None`` outside a party.
    :ivar session: ``None`` while this machine cannot take part (rights, devices).
    :ivar trouble: why not, for the user; :attr:`away` = because nobody is logged in.
    :ivar saving: keeps the party file as the party is.
    :ivar games: what running games want here.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        config: NodeConfig,
        keys: NodeKeys,
        machinery: Machinery,
        now: Callable[[], float],
        random: Callable[[int], bytes],
        alone: Callable[[Callable[[], Any]], Deferred[Any]],
        tasks: TaskRunner,
        *,
        games: PlaySide,
    ) -> None:
        self._reactor, self._config, self._now, self._random = reactor, config, now, random
        self.keys, self.machinery, self.games = keys, machinery, games
        self._file = PartyFile(config.state_dir)
        self._endpoints, self._bridges = EndpointsFile(config.state_dir), BridgesFile(config.state_dir)
        self.saved: SavedParty | None = None
        self.replica: PartyReplica | None = None
        self.link: ControlLink | None = None
        self.session: PartySession | None = None
        self.governance: Governance | None = None
        self.trouble, self.away = "", False
        self.saving = PartySaving(reactor, self._newest, self._file.save)
        self._alone, self._tasks = alone, tasks
        self._leaving: Deferred[Any] | None = None
        self._revival = Revival(reactor, lambda: alone(self._revive), partial(setattr, self, "trouble"))

    async def use(self, config: NodeConfig) -> None:
        """Go by another configuration: what is live takes effect in the session, the rest in sessions to come.

        :raises LanrageError: the party firewall cannot do what is asked.
        """
        self._config = config
        self.machinery.use(config.devices.lan)
        if self.session is not None:
            await go_by(self.session, config.devices.lan, config.region, config.weights)

    # --- disk ---------------------------------------------------------------------------------------------------------

    async def load(self) -> SavedParty | None:
        """The party on disk; a damaged file is set aside and named in :attr:`trouble`."""
        saved: SavedParty | None = await in_thread(self._reactor, self._file.load)
        self.trouble = self._file.trouble
        return saved

    async def keep(self, saved: SavedParty) -> None:
        """Write the party before it is entered."""
        await in_thread(self._reactor, self._file.save, saved)

    async def forget(self) -> None:
        """Remove the party from disk."""
        await self.saving.settled()
        self.saving.trouble = ""
        await in_thread(self._reactor, self._file.remove)  # first: it alone makes this node come back
        for beside in (self._endpoints, self._bridges, DismissalsFile(self._config.state_dir)):
            try:
                await in_thread(self._reactor, beside.remove)
            except StoreError as error:
                self.log.warn("what was kept beside the party stays on disk: {error}", error=str(error))

    @property
    def log_fields(self) -> dict[str, str]:
        """What each of its log lines bears."""
        return {"party_id": self.saved.party_id} if self.saved is not None else {}

    def _in_party(self, call: Callable[P, T]) -> Callable[P, T]:
        """`call` with the party in the context of its log lines: what the control server says comes without one."""

        def in_party(*args: P.args, **kwargs: P.kwargs) -> T:
            with context(**self.log_fields):
                return call(*args, **kwargs)

        return in_party

    # --- life ---------------------------------------------------------------------------------------------------------

    def control_link(self, addresses: tuple[str, ...], pin: bytes | None) -> ControlLink:
        """A link that is not dialled yet; what it hears comes here."""
        link = ControlLink(
            self._reactor,
            self.keys,
            addresses,
            pin,
            on_changes=self._in_party(self._changed),
            on_signal=self._in_party(self._signalled),
            on_up=self._in_party(self.up),
            now=self._now,
        )
        link.on_relays = self._in_party(self.relays_changed)
        return link

    async def enter(self, saved: SavedParty, replica: PartyReplica, link: ControlLink) -> None:
        """Take part with a verified replica.

        :raises LanrageError: when this machine cannot; the party is then held without a session.
        """
        set_context(party_id=saved.party_id)
        self.saved, self.replica, self.link = saved, replica, link
        link.follow(replica)
        self.governance = Governance(self._reactor, self.keys, link, replica, self.server_now)
        self.governance.look()
        await self._bring_up(saved, replica, link)

    def cannot_take_part(self, error: LanrageError) -> None:
        """Entering failed; where time may change that, it is tried again."""
        if isinstance(error, Refused):
            self.log.error("this machine cannot take part in the party: {error}", error=str(error))
            self.trouble = str(error)
        else:
            self._revival.lost(f"this machine cannot take part in the party: {error}")

    async def _bring_up(self, saved: SavedParty, replica: PartyReplica, link: ControlLink) -> None:
        own = replica.members.get(self.keys.identity.public)
        if own is None or replica.charter is None or self.governance is None:
            raise Refused("not_a_member", "the party does not hold this node's own membership; join it again")
        address = IPv4Interface(f"{own.member.certificate.address}/{replica.charter.network.prefixlen}")
        book = EndpointBook(self._reactor, self._endpoints, saved.party_id, self._now)
        await book.load()
        dismissals = Dismissals.of(self._reactor, self._config.state_dir, replica, self.governance.act)
        around = Surroundings(
            link.signal,
            lambda identity: Deferred.fromCoroutine(link.ticket(identity)),
            self._random,
            book,
            TunnelLedger(link, replica, self.server_now, lambda: self._config.serves_guests, dismissals),
            lambda: Door(link.client.address, link.client.pin) if link.client.connected else None,
            self._config.region,
            self._config.weights,
            lambda: replica.ledger.host if replica.ledger is not None else None,
            self.games,
        )
        session = PartySession(
            self._reactor, self.keys, saved.party_id, address, self._config.devices, around, self.machinery
        )
        session.on_lost = self._revival.lost
        session.on_moved = link.client.moved
        await session.start()
        try:
            await want_bridges(session.lan, await in_thread(self._reactor, self._bridges.load, saved.party_id))
        except BaseException:
            await session.stop()  # nobody knows it yet who could
            raise
        self.session, self.trouble = session, ""
        self._revival.came_up()
        name = replica.charter.name
        self.log.info("in the party {name} as {member}", name=name, member=saved.my_name, address=str(address))
        await session.set_members(entry.member for entry in replica.members.values())

    async def _revive(self) -> None:
        """Take down what is left of the session and bring a new one up."""
        if self.away or self.saved is None or self.replica is None or self.link is None:
            return
        set_context(party_id=self.saved.party_id)
        saved, replica, link = self.saved, self.replica, self.link

        async def end() -> None:
            session, self.session = self.session, None
            if session is not None:
                await session.stop()

        def use_server() -> None:
            if link.client.connected and link.client.server_info is not None:
                self.up(link.client.server_info)

        jobs = (
            Job.of("end the old session", end),
            Job.of("take part", lambda: self._bring_up(saved, replica, link), needs=("end the old session",)),
            Job.of("use the control server", use_server, needs=("take part",)),
        )
        await self._tasks.carry_out("recover the session", jobs)

    async def go_out(self) -> None:
        """Take the session down and end the link; the disk is left as it is."""
        link = await self.put_down()
        if link is not None:
            await link.close()
        await self.saving.settled()

    async def put_down(self) -> ControlLink | None:
        """Take the session down; the link, which goes on, is not ours any more."""
        self._revival.stop()
        if self.saved is not None:
            set_context(party_id=self.saved.party_id)
            self.log.info("this node goes out of its party")
        link, self.link = self.link, None
        session, self.session = self.session, None
        governance, self.governance = self.governance, None
        if governance is not None:
            governance.stop()
        self.saved = self.replica = None
        self.trouble, self.away = "", False
        if session is not None:
            await session.stop()
        return link

    def up(self, info: Accepted) -> None:
        """The control link is up and the party in step: use its reflectors and relays, tell members where we are."""
        if self.session is not None:
            self.session.use(info)

    def relays_changed(self, info: Accepted) -> None:
        """The control server names other relays."""
        if self.session is not None:
            self.session.use_relays(info)

    def current(self) -> tuple[SavedParty, PartyReplica, ControlLink]:
        """The party and its link.

        :raises Refused: ``not_in_party``.
        """
        if self.saved is None or self.replica is None or self.link is None:
            raise Refused("not_in_party", REFUSALS["not_in_party"])
        return self.saved, self.replica, self.link

    # --- within -------------------------------------------------------------------------------------------------------

    def _changed(self, changes: list[ReplicaChange]) -> None:
        session, replica = self.session, self.replica
        if replica is None:
            return
        party_log.tell(changes)
        self._judge_own(replica)
        if self.governance is not None:
            self.governance.look()
        thrown = [change for change in changes if isinstance(change, MemberRemoved) and change.reason]
        if session is not None:
            for removed in thrown:
                if session.links is not None:
                    session.links.revoke(removed.member.identity)
            if session.channel is not None:
                session.channel.head_changed()
        own = [change for change in thrown if change.member.identity == self.keys.identity.public]
        if own:
            self.saving.save()
            self._thrown_out(replica, own[0].reason, changes)
            return
        if session is not None:
            session.set_members(entry.member for entry in replica.members.values())
            for change in changes:
                if isinstance(change, PresenceChanged) and change.member.online and session.links is not None:
                    session.links.online(change.member.identity)
        self.saving.save()

    def _judge_own(self, replica: PartyReplica) -> None:
        """Is this node itself still shown as a member? The session stays: only a signed word could end it."""
        if self.session is not None and self.trouble in ("", NOT_SHOWN):  # what else is wrong stays
            self.trouble = "" if self.keys.identity.public in replica.members else NOT_SHOWN

    def _thrown_out(self, replica: PartyReplica, reason: str, changes: list[ReplicaChange]) -> None:
        """The ledger says so, signed: this machine leaves the party, and its user is told by whom."""
        ledger = replica.ledger
        assert ledger is not None
        sentence = f"this node is no member of the party {ledger.name} any more: {reason}"
        if (epoch := ledger.revoked.get(self.keys.identity.public)) is not None:
            sentence = party_log.by_whom(replica, ledger, self.keys.identity.public, epoch, changes)
        self.log.warn("this node is out of its party: {sentence}", sentence=sentence)
        self._leaving = self._alone(lambda: self._go(replica, sentence))
        self._leaving.addErrback(lambda failure: self.log.failure("the party was not left cleanly", failure))

    async def _go(self, replica: PartyReplica, sentence: str) -> None:
        if self.replica is replica:
            await self.go_out()
            self.trouble = sentence  # it stands, too, where the disk does not let go of the party
            await self.forget()

    def server_now(self) -> float:
        """Seconds since the epoch, as the control server counts."""
        return self._now() + ((self.link.clock_offset if self.link is not None else None) or 0.0)

    def _signalled(self, sender: bytes, payload: bytes) -> None:
        if self.session is not None and self.session.links is not None:
            self.session.links.signalled(sender, payload)

    def _newest(self) -> SavedParty | None:
        """What goes to disk."""
        if self.saved is None or self.replica is None:
            return None
        self.saved = saved = self.saved.updated(self.replica)
        return saved
