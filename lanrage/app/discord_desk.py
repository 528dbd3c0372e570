"""What a node lets the agents of its users show in Discord (``docs/notifications.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.discord_config import DiscordSettings
from lanrage.core.code import InvitationCode
from lanrage.core.discord_activity import join_secret
from lanrage.core.discord_presence import INVITED_HOURS, InvitationPlan, activity
from lanrage.core.game_detection import RunningGame
from lanrage.core.game_orders import AnyOrder, ShowPresence
from lanrage.core.game_presence import SURE, Playing
from lanrage.core.party_events import PartySeen
from lanrage.errors import LanrageError
from lanrage.net.process_ends import owner_of

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

BEAT = 2.0
"""Seconds between two looks: a game and a member that comes are shown soon enough."""
REPEAT = 60.0
"""Seconds after which an agent is told the same again: what nobody repeats it shows no more."""

log = Logger()


class Agents(Protocol):
    """Of the users: :class:`lanrage.app.agent_desk.AgentDesk`."""

    attended: int

    @property
    def users(self) -> tuple[int, ...]: ...

    def ask(self, user: int, order: AnyOrder) -> Deferred[tuple[Any, ...]]: ...


@attrs.frozen
class Sight:
    """What a node is at, as far as it may be shown.

    :param running: games that run here.
    :param playing: what others are told of these.
    :param party: ``None`` outside of one.
    :param members_limit: of the party.
    :param may_invite: this node is host or moderator, and its control server is there.
    """

    running: Sequence[RunningGame] = ()
    playing: Sequence[Playing] = ()
    party: PartySeen | None = None
    members_limit: int = 0
    may_invite: bool = False


class DiscordDesk(Service):
    """Tells the agents from start to stop, while there is an application to show things as.

    :param settings: as they are now.
    :param see: gives what is so now.
    :param invite: makes an invitation of so many uses and hours, and gives its code.
    :param owner: whose a process is; ``None``: it is gone.
    """

    def __init__(
        self,
        clock: Any,
        agents: Agents,
        settings: Callable[[], DiscordSettings],
        see: Callable[[], Sight],
        invite: Callable[[int, float], Awaitable[str]],
        owner: Callable[[int], int | None] = owner_of,
    ) -> None:
        self._clock, self._agents, self._settings, self._see = clock, agents, settings, see
        self._invite, self._owner = invite, owner
        self._plan = InvitationPlan()
        self._told: dict[int, tuple[ShowPresence, float]] = {}
        self._attended = 0
        self._looking: LoopingCall | None = None
        self._inviting: Deferred[Any] | None = None

    def startService(self) -> None:
        """Look from now on."""
        super().startService()  # type: ignore[no-untyped-call]
        self._looking = LoopingCall(self.look)
        self._looking.clock = self._clock
        self._looking.start(BEAT).addErrback(lambda failure: log.failure("Discord is told nothing more", failure))

    def stopService(self) -> None:
        """Look no more; an agent that hears nothing shows nothing."""
        super().stopService()  # type: ignore[no-untyped-call]
        looking, self._looking = self._looking, None
        if looking is not None and looking.running:
            looking.stop()
        if self._inviting is not None:
            self._inviting.cancel()
        for user in self._told.keys() & set(self._agents.users):
            self._tell(user, ShowPresence(client_id=""))
        self._told.clear()

    def look(self) -> None:
        """See what is to be shown, and tell those agents that do not know it; never raises."""
        settings = self._settings()
        if not settings.client_id and not self._told:
            return
        try:
            self._look(settings)
        except Exception:  # pylint: disable=broad-exception-caught  # the next look may succeed
            log.failure("what Discord may show could not be looked at")

    def _look(self, settings: DiscordSettings) -> None:
        now, sight = self._clock.seconds(), self._see()
        if self._attended != self._agents.attended:  # a new one knows nothing
            self._attended = self._agents.attended
            self._told.clear()
        played = {user: self._played(user, sight) for user in self._agents.users}
        wanted = bool(settings.join and settings.client_id and any(played.values()) and sight.may_invite)
        uses = self._plan.look(sight.party, sight.members_limit, wanted, now)
        if uses and sight.party is not None:
            self._ask_invitation(sight.party.party_id, uses)
        orders = {user: self._order(games, settings, sight) for user, games in played.items()}
        for user, order in orders.items():
            known = self._told.get(user)
            if known is None or known[0] != order or now - known[1] >= REPEAT:
                self._told[user] = (order, now)
                self._tell(user, order)
        for gone in self._told.keys() - orders.keys():
            del self._told[gone]
        if not settings.client_id:
            self._told.clear()

    def _played(self, user: int, sight: Sight) -> dict[str, float]:
        """A user's own games, and since when each runs."""
        told = {each.game for each in sight.playing}
        return {each.game: each.since for each in sight.running if each.game in told and self._plays(user, each)}

    def _order(self, games: dict[str, float], settings: DiscordSettings, sight: Sight) -> ShowPresence:
        """What the agent of the user who plays these is to show."""
        if not settings.client_id:
            return ShowPresence(client_id="")
        playing = [each for each in sight.playing if each.game in games]
        began = min(games.values(), default=0.0)
        shown = activity(playing, sight.party, sight.members_limit, began, self._plan.secret)
        return ShowPresence.of(settings.client_id, shown)

    def _plays(self, user: int, game: RunningGame) -> bool:
        """It is sure, and runs as this user; one that somebody said to play, with no process, is everybody's."""
        sure = game.best.confidence >= SURE
        return sure and (not game.pids or any(self._owner(pid) == user for pid in game.pids))

    def _tell(self, user: int, order: ShowPresence) -> None:
        self._agents.ask(user, order).addErrback(self._not_told)

    def _not_told(self, failure: Failure) -> None:
        failure.trap(LanrageError)
        log.debug("an agent does not show in Discord what is played: {reason}", reason=str(failure.value))

    def _ask_invitation(self, party_id: str, uses: int) -> None:
        async def make() -> str:
            return join_secret(InvitationCode.decode(await self._invite(uses, INVITED_HOURS)))

        inviting: Deferred[Any] = Deferred.fromCoroutine(make())
        self._inviting = inviting
        inviting.addErrback(self._not_invited).addCallback(lambda secret: self._invited(party_id, secret))

    def _not_invited(self, failure: Failure) -> str:
        if failure.check(LanrageError):
            log.info("friends cannot join by Discord now: {reason}", reason=str(failure.value))
        elif self.running:
            log.failure("no invitation for friends in Discord was made", failure)
        return ""

    def _invited(self, party_id: str, secret: str) -> None:
        self._inviting = None
        self._plan.made(party_id, secret, self._clock.seconds())
