"""The node: one player's machine in (at most) one party, and the operations of its user."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import attrs
import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger
from zope.interface import implementer

from lanrage import __version__
from lanrage.app import node_view
from lanrage.app.bridge_node import BridgeNode
from lanrage.app.config import NodeConfig
from lanrage.app.doctor_node import DoctorNode
from lanrage.app.exposed_node import ExposedNode
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.games_node import GamesNode
from lanrage.app.governing_node import GoverningNode
from lanrage.app.machine_room_node import MachineRoomNode
from lanrage.app.machinery import Devices, Machinery, RealMachinery
from lanrage.app.mapping_leases import remove_leftovers
from lanrage.app.membership import Membership
from lanrage.app.operations import INode, Progress
from lanrage.app.party_life import PartyLife
from lanrage.app.party_node import PartyNode, quiet
from lanrage.app.path_node import PathNode
from lanrage.app.patience import patiently
from lanrage.app.probe_node import ProbeNode
from lanrage.app.rejoin_node import RejoinNode
from lanrage.app.relay_node import RelayNode
from lanrage.app.results import StatusShown
from lanrage.app.role_service import ATTEMPTS, RoleService
from lanrage.app.room_node import RoomNode
from lanrage.app.settings_desk import SettingsDesk
from lanrage.app.settings_live import NODE_LIVE
from lanrage.app.settings_start import Start
from lanrage.app.spoken_desk import SpokenDesk
from lanrage.app.task_runner import Job, PlanRun, TaskRunner
from lanrage.core.identity import fingerprint
from lanrage.core.join_stages import JoinStages
from lanrage.errors import LanrageError, MissingRight, Refused, StoreError
from lanrage.interfaces import IUndoJournal
from lanrage.log_context import carried, set_context
from lanrage.logs import identify, set_level
from lanrage.net.rights import Rights, read_rights
from lanrage.net.threads import in_thread
from lanrage.net.undo import undo_all
from lanrage.store.disk_trouble import read_only
from lanrage.store.files import make_folder
from lanrage.store.keys import load_node_keys
from lanrage.store.undo import UndoJournal

UNDO_FILE = "undo.jsonl"
OPEN, RETURN = "open the state folder", "return to the party"
"""The steps of a node's start."""
WAITING: dict[str, Any] = {"optional": True, "retries": ATTEMPTS, "backoff": 2.0, "grace": None}
"""How each of them waits for its disk."""


@implementer(INode)
class NodeService(
    PartyNode,
    GoverningNode,
    PathNode,
    RelayNode,
    ExposedNode,
    BridgeNode,
    RoomNode,
    ProbeNode,
    MachineRoomNode,
    GamesNode,
    RejoinNode,
    DoctorNode,
    Service,
):
    """Loads the keys, undoes what a crash left, returns to the party; then does what its user asks.

    :param reactor: everything that Twisted's reactor does.
    :param now: seconds since the epoch.
    :param random: ``os.urandom``, or a test's own.
    :param machinery: makes what touches the machine.
    :param rights: reads what this process may do.
    :param profiles: makes what knows the games.
    :param settings: how it was started; ``None``: with nothing but defaults.
    :ivar tasks: carries its plans out.
    :ivar games: what notices games, and acts on them.
    :ivar around: the role that it is a part of, for what is wrong with the others.
    :ivar server_beside: the control server in its process: of new parties where the setting names none.
    :ivar started: fires when the node is up, or waits for its disk. A party that this machine cannot take part in is
        no failure: :meth:`status` says what is missing.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        config: NodeConfig,
        *,
        now: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
        machinery: Callable[[Any, Devices, IUndoJournal], Machinery] = RealMachinery,
        rights: Callable[[Any], Awaitable[Rights]] = read_rights,
        profiles: Callable[[Any, Path], GameProfiles] = GameProfiles,
        settings: Start | None = None,
    ) -> None:
        self._reactor = reactor
        self._config = config
        self._make_machinery = machinery
        self._read_rights = rights
        self._now = now
        self._random = random
        self._lock = DeferredLock()
        self._life: PartyLife | None = None
        self._returned = False
        self._spoken: SpokenDesk | None = None
        self._lacks: list[str] = []
        self.tasks = TaskRunner(reactor)
        self.games = self.make_games(reactor, config, profiles(reactor, config.games_dir), random)
        self.make_rejoin(reactor, self.games)
        self.around: RoleService | None = None
        self._opening: PlanRun | None = None
        self._disk_trouble = self.server_beside = ""
        start = settings or Start.plain(config.state_dir)
        self.settings = SettingsDesk(reactor, start)
        self.settings.when(NODE_LIVE, self._use)
        self.settings.on_change("log.level", set_level)
        self.started: Deferred[None] = Deferred()

    # --- life ---------------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Begin; :attr:`started` tells how it went."""
        super().startService()  # type: ignore[no-untyped-call]
        self._life, self._returned = None, False
        jobs = (
            Job.of(OPEN, lambda: self._lock.run(self._with_disk, self._open_state), **WAITING),
            Job.of(RETURN, lambda: self._lock.run(self._with_disk, self._return_to_party), needs=(OPEN,), **WAITING),
        )
        self._opening = self.tasks.begin("start the node", jobs)
        self._opening.settled.addCallback(self._settled)

    def _settled(self, opening: PlanRun) -> PlanRun:
        """It is up, or waits for its disk; anything else that failed is no state to go on in."""
        for failure in opening.failures.values():
            if failure.check(StoreError) is None and not self.started.called:
                self.started.errback(failure)
            elif failure.check(StoreError) is None:
                self.log.failure("the node met an error of its own at its start", failure)
        if not self.started.called:
            self.started.callback(None)
        return opening

    async def _with_disk(self, work: Callable[[], Awaitable[None]]) -> None:
        """A step of the start, whose trouble with the disk is told once."""
        try:
            await work()
        except StoreError as error:
            if str(error) != self._disk_trouble:
                self._disk_trouble = str(error)
                self.log.warn("the node waits for its disk: {error}", error=str(error))
            raise
        self._disk_trouble = ""

    async def _open_state(self) -> None:
        folder = make_folder(self._config.state_dir)
        await self.settings.open()
        keys = await in_thread(self._reactor, load_node_keys, folder, self._random)
        undo = UndoJournal(folder / UNDO_FILE)
        await undo_all(self._reactor, undo)
        machinery = self._make_machinery(self._reactor, self._config.devices, undo)
        await remove_leftovers(self._reactor, machinery.machine, undo, self._now)
        identify(fingerprint(keys.identity.public).hex())
        around = (self._now, self._random, self._lock.run, self.tasks)
        life = PartyLife(self._reactor, self._config, keys, machinery, *around, games=self.games.side)
        self._spoken = SpokenDesk(self._reactor, keys.identity.public, self._random)
        await self.games.start(machinery.ports, self.announcer())
        self._lacks = (await self._rights()).missing(self._config.devices.kind)
        for lack in self._lacks:
            self.log.warn("this node lacks something: {what}", what=lack)
        self._life = life

    def stopService(self) -> Deferred[None]:
        """Take everything down; nothing is left on the machine, the party stays on disk."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._opening is not None:  # what it is at goes on to its end, and is not tried again
            self._opening.cancel("the node stops", gently=True)
        return self._lock.run(self._stop)

    async def _stop(self) -> None:
        self.end_profiling()
        self.end_rejoin()
        self._returned = False
        if self._life is not None:
            await self._life.go_out()
        await self.games.stop()
        self.settings.close()
        self.log.info("the node has stopped")

    def _use(self, options: dict[str, str]) -> Deferred[None]:
        """Go by other options, when no operation runs that reads the configuration of now."""
        config = NodeConfig.parse(options)
        return self._lock.run(self._go_by, config if config.server else config.with_server(self.server_beside))

    async def _go_by(self, config: NodeConfig) -> None:
        live = attrs.evolve(config, devices=attrs.evolve(self._config.devices, lan=config.devices.lan))
        self._config = live
        await self.games.use(live.games_dir, live.detection)
        if self._life is not None:
            await self._life.use(live)
        await self.rejoin_by(live)

    def greeting(self, server: str) -> list[str]:
        """For the log at start: the state, and the next command to type.

        :param server: the default control server.
        """
        life = self._life
        if life is None or self._disk_trouble:
            return [f"node: {self._held_up()}"]
        if life.saved is not None:
            return [
                f"node: {node_view.state(life)}, {life.saved.my_name} in {life.saved.party_id}",
                "next: lanrage status",
            ]
        lines = [f"node: idle; this node lacks something: {text}" for text in self._lacks]
        return [
            *(lines or ["node: idle"]),
            f"next: lanrage party create NAME --server {server}   or   lanrage party join CODE",
        ]

    # --- operations ---------------------------------------------------------------------------------------------------

    def create_party(self, name: str, **wishes: Any) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.create_party`."""
        return self._alone(lambda: self._create(name, **wishes))

    def join_party(self, code: str, *, timing_s: float = 0, **wishes: Any) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.join_party`."""

        def join(stages: JoinStages) -> Deferred[dict[str, Any]]:
            return self._alone(lambda: self._join(code, stages=stages, **wishes))

        return Deferred.fromCoroutine(self._timed(join, timing_s))

    def leave_party(self, *, progress: Progress | None = None) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.leave_party`."""
        return self._alone(lambda: self._leave(progress or quiet))

    def invite(self, *, expires_hours: float, uses: int | None, spoken: bool = False) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.invite`."""
        return self._alone(lambda: self._invite(expires_hours, uses, spoken))

    async def show_party(self) -> dict[str, Any]:
        """See :meth:`INode.show_party`."""
        life = self._own()
        life.current()
        if life.session is not None and life.session.links is not None:
            await life.session.links.look()
        return _plain(node_view.party(life, self._now()))

    async def status(self) -> dict[str, Any]:
        """See :meth:`INode.status`."""
        life, web = self._life, self.web_shown()
        if life is None or self._disk_trouble:
            held_up = [self._held_up(), *self._around()]
            return _plain(StatusShown(__version__, "starting", missing=held_up, web=web))
        return _plain(node_view.status(life, self._missing(life, await self._rights()), web))

    def _alone(self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> Deferred[dict[str, Any]]:
        """One at a time, after the start's own way into a party; what is cancelled in the queue never begins."""

        async def in_party() -> dict[str, Any]:
            set_context(**(self._life.log_fields if self._life is not None else {}))
            return await work()

        begun, opening = carried(in_party), self._opening
        if opening is None or opening.settled.called:
            return self._lock.run(begun)
        return patiently(opening.settled).addCallback(lambda _: self._lock.run(begun))

    def _own(self) -> PartyLife:
        if self._life is None or not self._returned or self._disk_trouble:
            raise LanrageError(self._held_up())
        return self._life

    def _membership(self, life: PartyLife) -> Membership:
        return Membership(life.keys, self._config.state_dir, self._random, self._now)

    async def _free_to_enter(self) -> PartyLife:
        life = self._own()
        if life.saved is not None:
            raise Refused("already_in_party", "this node is in a party already; leave it first: lanrage party leave")
        missing = (await self._rights()).missing(self._config.devices.kind)
        if missing:
            raise MissingRight(". ".join(missing))
        life.machinery.check()
        return life

    async def _rights(self) -> Rights:
        return await self._read_rights(self._reactor)

    def _missing(self, life: PartyLife, rights: Rights) -> list[str]:
        spoken = self._spoken.trouble if self._spoken is not None else ""
        link = life.link.trouble if life.link is not None else ""
        disk = read_only(self._config.state_dir)
        troubles = (disk, life.trouble, life.saving.trouble, link, spoken, *self._around())
        return [*rights.missing(self._config.devices.kind), *(trouble for trouble in troubles if trouble)]

    def _held_up(self) -> str:
        if not self._disk_trouble:
            return "the node is still starting, or could not start: see its log"
        return f"the node waits for its disk and tries again by itself: {self._disk_trouble}"

    def _around(self) -> list[str]:
        """What is wrong with the services beside it."""
        return self.around.troubles() if self.around is not None else []


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
