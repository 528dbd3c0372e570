"""Watches the party and tells whoever wants it what happens in it (``docs/notifications.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.party_life import PartyLife
from lanrage.core.budget import Budget
from lanrage.core.game_presence import Playing
from lanrage.core.notices import NoticeKind
from lanrage.core.party_events import MemberSeen, PartyEvent, PartySeen, PartyStory
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import ReplicaMember

BEAT = 1.0
"""Seconds between two looks; a look at 64 members takes 0.3 ms."""
READY = frozenset({"ready", "ready!"})
"""What a member says of itself (``lanrage party say``) when it is ready to play."""

EVENT_RATE, EVENT_BURST = 1 / 15, 8.0
"""Events a second, and at once, of one member's own doing that are told: whoever changes his mind all the time fills no
channel. Who comes and goes by the ledger's word is always told of."""
OWN_DOING = frozenset({NoticeKind.ONLINE, NoticeKind.OFFLINE, NoticeKind.HOSTING, NoticeKind.STOPPED, NoticeKind.READY})
"""What a member can bring about as often as it likes."""

log = Logger()


class PartyNews(Service):
    """Tells from start to stop.

    :param see: gives the party as it is now; ``None`` outside of one.
    :ivar passed_over: events that were not told, as their members have too many.
    """

    def __init__(self, clock: Any, see: Callable[[], PartySeen | None]) -> None:
        self._clock, self._see = clock, see
        self._story = PartyStory()
        self._budget: Budget[bytes] = Budget(EVENT_RATE, EVENT_BURST)
        self.passed_over = 0
        self._listeners: list[Callable[[PartyEvent], None]] = []
        self._looking: LoopingCall | None = None

    @property
    def party(self) -> PartySeen | None:
        """The party as it was seen last."""
        return self._story.told

    def startService(self) -> None:
        """Look from now on."""
        super().startService()  # type: ignore[no-untyped-call]
        self._looking = LoopingCall(self.look)
        self._looking.clock = self._clock
        self._looking.start(BEAT).addErrback(lambda failure: log.failure("the party is watched no more", failure))

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()  # type: ignore[no-untyped-call]
        looking, self._looking = self._looking, None
        if looking is not None and looking.running:
            looking.stop()
        self._story = PartyStory()

    def listen(self, call: Callable[[PartyEvent], None]) -> Callable[[], None]:
        """Call with each event; the result ends that."""
        self._listeners.append(call)
        return lambda: self._listeners.remove(call) if call in self._listeners else None

    def look(self) -> None:
        """See what has happened since the last look; may be called at any time, and never raises."""
        if not self.running:
            return
        now = self._clock.seconds()
        try:
            events = self._story.look(self._see(), now)
        except Exception:  # pylint: disable=broad-exception-caught  # the next look may succeed
            log.failure("the party could not be looked at")
            return
        for event in events:
            self.tell(event)

    def tell(self, event: PartyEvent) -> None:
        """Something happened that no look shows, or a look has shown; never raises."""
        if event.kind in OWN_DOING and not self._budget.allow(event.identity, self._clock.seconds()):
            self.passed_over += 1
            return
        log.debug("the party: {what}", what=event.sentence, event=event.kind.value)
        for call in tuple(self._listeners):
            try:
                call(event)
            except Exception:  # pylint: disable=broad-exception-caught  # one listener never stops the others
                log.failure("a listener to the party's events failed")


class PartySight:
    """Sees a node's party; once more after the node was thrown out of it, so that this is an event, too.

    :param life: of the node; ``None`` before it has one.
    """

    def __init__(self, life: Callable[[], PartyLife | None]) -> None:
        self._life = life
        self._last: PartyReplica | None = None

    def __call__(self) -> PartySeen | None:
        """The party as it is now."""
        life = self._life()
        last, self._last = self._last, life.replica if life is not None else None
        if life is None or self._last is not None or last is None or last.ledger is None:
            return party_seen(life)
        return _seen(life, last) if life.keys.identity.public in last.ledger.revoked else None


def party_seen(life: PartyLife | None) -> PartySeen | None:
    """The party as a node sees it now; ``None`` outside of one, while it stays out, or before its ledger is there."""
    return _seen(life, life.replica) if life is not None and life.replica is not None and not life.away else None


def _seen(life: PartyLife, replica: PartyReplica) -> PartySeen | None:
    ledger = replica.ledger
    if ledger is None:
        return None
    members = {identity: _member(life, entry) for identity, entry in replica.members.items()}
    return PartySeen(replica.party_id, ledger.name, members, ledger.host, frozenset(ledger.revoked))


def _member(life: PartyLife, entry: ReplicaMember) -> MemberSeen:
    """A member is there as well while its link stands and only the control server is gone."""
    me = entry.identity == life.keys.identity.public
    links = life.session.links if life.session is not None else None
    link = links.peers.get(entry.identity) if links is not None else None
    online = me or entry.online or (link is not None and link.ready)
    presence = life.games.presence
    games: tuple[Playing, ...] = presence.own if me else presence.of(entry.identity)
    hosting = {each.game: each.name for each in games if each.hosting}
    name, ready = entry.member.certificate.name, entry.status.strip().casefold() in READY
    return MemberSeen(name, online, hosting, ready)
