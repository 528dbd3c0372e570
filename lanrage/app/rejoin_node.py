"""A node's way back into its party: at its start, and where its user wants that, at log-in (``docs/desktop.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.caller import Caller
from lanrage.app.config import NodeConfig
from lanrage.app.control_link import ControlLink
from lanrage.app.desktop_desk import DesktopDesk
from lanrage.app.games_plane import GamesPlane
from lanrage.app.log_outs import LogOuts
from lanrage.app.operations_agent import Rejoined
from lanrage.app.party_life import PartyLife
from lanrage.core.desktop_notes import Note
from lanrage.core.replica import PartyReplica
from lanrage.errors import CryptoError, DecodeError, LanrageError, Refused, Unreachable
from lanrage.log_context import set_context
from lanrage.store.replica import SavedParty
from lanrage.wire.control import FollowParty
from lanrage.wire.control_party import Deltas, PartyState

AWAY = "out of the party until somebody logs in (desktop.rejoin is on; lanrage games agents shows who is there)"
IN_STEP_S = 10.0
"""Seconds for the control server's word before the user is told: who was thrown out meanwhile is not back."""


class RejoinNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    log = Logger()
    games: GamesPlane
    desktop: DesktopDesk
    _config: NodeConfig
    _life: PartyLife | None
    _returned: bool
    _back: bool
    _early: dict[int, None]
    _telling: set[Deferred[None]]
    _log_outs: LogOuts
    _reactor: Any
    _now: Callable[[], float]

    def _alone(self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> Deferred[dict[str, Any]]:
        raise AssertionError("given by the node")

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    def make_rejoin(self, reactor: Any, games: GamesPlane) -> None:
        """Make the parts; nothing is watched yet."""
        self._back = False
        self._early = {}
        self._telling = set()
        self._log_outs = LogOuts(reactor, lambda: len(games.agents.users), self.everybody_out)
        games.agents.on_change = self._log_outs.look

    async def _return_to_party(self) -> None:
        """At the node's start: into the party on disk; where log-ins count, once somebody is logged in."""
        assert self._life is not None
        life = self._life
        saved = await life.load()
        self._returned = True
        self.log.info("the node {public_key} is there", public_key=life.keys.identity.public)
        if saved is not None and self._config.desktop.rejoin and not self.games.agents.users:
            self._stay_out(life, saved)
        elif saved is not None:
            await self._return_to(life, saved)
        self._back = True
        self._log_outs.start()
        early, self._early = self._early, {}
        for user in early if self._config.desktop.rejoin else ():
            self._tell_back(user, life)

    async def _return_to(self, life: PartyLife, saved: SavedParty) -> None:
        found = self._restored(life, saved)
        if found is None:
            return
        replica, link = found
        try:
            await life.enter(saved, replica, link)
        except LanrageError as error:
            life.cannot_take_part(error)
        link.start()

    def _restored(self, life: PartyLife, saved: SavedParty) -> tuple[PartyReplica, ControlLink] | None:
        """The party as it is on disk, and its link, not dialled yet; ``None``: the file does not hold."""
        set_context(party_id=saved.party_id)
        try:
            replica = saved.restore(self._now())
        except (CryptoError, DecodeError) as error:
            life.trouble = f"the party file does not hold: {error}; join the party again"
            self.log.error("the party is not entered: {trouble}", trouble=life.trouble)
            return None
        return replica, life.control_link(saved.addresses, saved.server)

    # --- log-out ------------------------------------------------------------------------------------------------------

    def _stay_out(self, life: PartyLife, saved: SavedParty) -> None:
        """Hold the party without taking part in it: this machine stays a member, which the others see offline."""
        found = self._restored(life, saved)
        if found is not None:
            life.saved, (life.replica, life.link) = saved, found
            life.away, life.trouble = True, AWAY
            self.log.info("this node stays out of its party until somebody logs in")

    def everybody_out(self) -> None:
        """All users of this machine have logged out."""
        if self._config.desktop.rejoin:
            self._see_through(self._alone(self._go_away))

    async def _go_away(self) -> dict[str, Any]:
        """All have logged out, unless one has come back while something else was done here."""
        life = self._life
        wanted = self._config.desktop.rejoin and not self.games.agents.users
        if wanted and life is not None and not life.away and life.saved is not None and life.replica is not None:
            saved = life.saved.updated(life.replica)
            await life.go_out()
            self._stay_out(life, saved)
            life.saving.save()  # what was on its way to the disk, or was not taken by it
        return {}

    # --- log-in -------------------------------------------------------------------------------------------------------

    def rejoin(self, *, login: bool, caller: Caller) -> Awaitable[dict[str, Any]]:
        """See :meth:`INode.rejoin`."""
        self.games.agents.check_agent(caller)
        if login and not self._back:  # the start goes on, sees that somebody is there, and tells
            self._early[caller.user] = None
        return self._alone(lambda: self._rejoin(caller.user, login))

    async def _rejoin(self, user: int, login: bool) -> dict[str, Any]:
        life = self._own()
        if not self._config.desktop.rejoin:
            return _plain(Rejoined("off"))
        if life.saved is None:
            return _plain(Rejoined("none"))
        if not life.away:
            return _plain(Rejoined("there", life.saved.party_id))
        party_id = life.saved.party_id
        await self._come_back(life)
        if login:
            self._tell_back(user, life)
        return _plain(Rejoined("back", party_id))

    async def rejoin_by(self, config: NodeConfig) -> None:
        """Go by another configuration: log-ins may count no more."""
        if self._life is not None and self._life.away and not config.desktop.rejoin:
            await self._come_back(self._life)

    async def _come_back(self, life: PartyLife) -> None:
        saved = life.saved
        assert saved is not None
        await life.go_out()
        await self._return_to(life, saved)

    def _tell_back(self, user: int, life: PartyLife) -> None:
        """Tell one user, once the control server has said whether this machine still is a member."""
        if life.link is not None and life.replica is not None and not life.away:
            self._see_through(Deferred.fromCoroutine(self._told_back(user, life, life.link, life.replica)))

    async def _told_back(self, user: int, life: PartyLife, link: ControlLink, replica: PartyReplica) -> None:
        where = FollowParty(replica.party_id, replica.since, replica.epoch)
        try:
            heard = await link.client.request(where, timeout=IN_STEP_S)
        except (Refused, Unreachable) as error:  # why it does not let this node follow, the link has heard, too
            self.log.info("the party is not in step with its control server: {reason}", reason=str(error))
        else:
            if isinstance(heard, PartyState | Deltas) and life.link is link:
                link.told(heard)
        lines = _back_lines(life, link, replica)
        if lines:
            self.desktop.show(user, Note("LANrage", lines))

    def _see_through(self, work: Deferred[Any]) -> None:
        self._telling.add(work)
        work.addErrback(self._not_seen_through).addBoth(lambda _: self._telling.discard(work))

    def _not_seen_through(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self.log.failure("what follows a log-in or a log-out was not done", failure)

    def end_rejoin(self) -> None:
        """The node stops: who goes now has not logged out, and nobody is told any more."""
        self._back = False
        self._early.clear()
        self._log_outs.stop()
        for work in tuple(self._telling):
            work.cancel()


def _back_lines(life: PartyLife, link: ControlLink, replica: PartyReplica) -> tuple[str, ...]:
    """What the user is told; nothing where this machine is out of that party again, which is told by itself."""
    ledger = replica.ledger
    if life.replica is not replica or ledger is None or life.keys.identity.public in ledger.revoked:
        return ()
    if life.session is None or life.trouble or link.trouble:
        return (f"{ledger.name}: this machine is not back in the party.", life.trouble or link.trouble)
    if not link.client.connected:
        return (f"You are back in {ledger.name}.", "Its control server is not reached yet.")
    return (f"You are back in {ledger.name}.",)


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
