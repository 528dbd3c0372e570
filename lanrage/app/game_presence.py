"""What the members of the party play and host, and what is told of this machine (``docs/games-effects.rst``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.app.party_channel import PartyChannel
from lanrage.core.budget import Budget
from lanrage.core.game_detection import GameChange, RunningGame
from lanrage.core.game_presence import GAMES_LIMIT, LIFE_BYTES, SURE, Playing, PresenceTalk, playing
from lanrage.core.game_profile import GameProfile
from lanrage.wire import party_channel as wire

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

CHANGES_RATE, CHANGES_BURST = 0.5, 6.0
"""Tellings a second, and at once, that one member is heard with: each change is a line of the log."""
LINES_RATE, LINES_BURST = 1 / 10, 6.0
"""Changes a second, and at once, of one member that are told in the log."""
GAME_ID = re.compile(r"[a-z0-9-]{1,40}")

log = Logger()


class Watch(Protocol):
    """Notices games: :class:`lanrage.app.game_watch.GameWatch`."""

    def running(self) -> Sequence[RunningGame]: ...

    def listen(self, call: Callable[[GameChange], None]) -> Callable[[], None]: ...


class Profiles(Protocol):
    """Knows games: :class:`lanrage.app.game_profiles.GameProfiles`."""

    def get(self, game: str) -> GameProfile | None: ...

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]: ...


def no_name(_identity: bytes) -> str:
    """Nobody is known."""
    return "a member"


class GamePresence:
    """One node's, in whatever party it is; a part of that party's channel from :meth:`join` to :meth:`leave`.

    :param random: ``os.urandom``, or a test's own.
    :ivar refused: tellings of members that came too often.
    """

    def __init__(self, clock: IReactorTime, random: Callable[[int], bytes]) -> None:
        self.refused = 0
        self._clock = clock
        self._talk = PresenceTalk(random(LIFE_BYTES), lambda: random(1)[0] / 255)
        self._channel: PartyChannel | None = None
        self._name: Callable[[bytes], str] = no_name
        self._cut_off: Callable[[], frozenset[bytes]] = frozenset
        self._heard: Budget[bytes] = Budget(CHANGES_RATE, CHANGES_BURST)
        self._logged: Budget[bytes] = Budget(LINES_RATE, LINES_BURST)
        self._listeners: list[Callable[[], None]] = []
        self._timer: IDelayedCall | None = None
        self._ends: list[Callable[[], None]] = []

    # --- life ---------------------------------------------------------------------------------------------------------

    def join(
        self,
        channel: PartyChannel,
        name: Callable[[bytes], str] = no_name,
        cut_off: Callable[[], frozenset[bytes]] = frozenset,
    ) -> None:
        """Speak by this party's channel.

        :param name: of a member, for the log.
        :param cut_off: to which members no path leads any more.
        """
        self._channel, self._name, self._cut_off = channel, name, cut_off
        channel.extras.append(self)

    def leave(self) -> None:
        """The party's session ends: its members are told so, and nothing is known of them any more."""
        knew = bool(self._talk.members)
        number, to = self._talk.left()
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.extras.remove(self)
            for identity in to:
                channel.say(identity, wire.Games.of(self._talk.life, number, ()))
        self._name, self._cut_off = no_name, frozenset
        self._schedule()
        if knew:
            self._tell_listeners()

    def follow(self, watch: Watch, profiles: Profiles) -> None:
        """Say what runs here, from now until :meth:`stop`."""

        def look(*_: object) -> None:
            sure = [each for each in watch.running() if each.best.confidence >= SURE]
            self.say([playing(each, profiles.get(each.game)) for each in sure])

        self._unfollow()
        self._ends = [watch.listen(look), profiles.on_change(look)]
        look()

    def stop(self) -> None:
        """Nothing is said to run here any more."""
        self._unfollow()
        self.say(())

    # --- what is so ---------------------------------------------------------------------------------------------------

    @property
    def own(self) -> tuple[Playing, ...]:
        """What the others are told of this machine."""
        return self._talk.games

    def of(self, identity: bytes) -> tuple[Playing, ...]:
        """What another member plays."""
        return self._talk.members.get(identity, ())

    def all(self) -> Mapping[bytes, tuple[Playing, ...]]:
        """The other members that play, by identity."""
        return self._talk.members

    def listen(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call after each change of what anybody plays, this machine included; the result ends that."""
        self._listeners.append(call)
        return lambda: self._listeners.remove(call) if call in self._listeners else None

    def say(self, games: Iterable[Playing]) -> None:
        """This machine plays these, the most important first; beyond :data:`GAMES_LIMIT` nobody is told."""
        told = tuple(each for each in games if GAME_ID.fullmatch(each.game))[:GAMES_LIMIT]
        changed = told != self._talk.games
        self._send(self._talk.said(told, self._clock.seconds()))
        if changed:
            self._tell_listeners()

    # --- the channel's extra ------------------------------------------------------------------------------------------

    def followed(self, ready: frozenset[bytes], members: frozenset[bytes]) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.followed`."""
        gone, cut_off = self._talk.gone(members), self._talk.cut_off(self._cut_off())
        if gone or cut_off:
            self._tell_listeners()
        self._send(self._talk.ready(ready, self._clock.seconds()))

    def heard(self, identity: bytes, message: wire.Message) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.heard`."""
        if not isinstance(message, wire.Games):
            return
        games, now, before = message.playing(), self._clock.seconds(), self.of(identity)
        if not self._heard.allow(identity, now):
            self.refused += 1
            return
        changed, to = self._talk.heard(identity, message.life, message.number, games, now)
        self._send(to)
        if changed:
            self._log(identity, before, games)
            self._tell_listeners()

    def _unfollow(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            end()

    # --- within -------------------------------------------------------------------------------------------------------

    def _log(self, identity: bytes, before: tuple[Playing, ...], now: tuple[Playing, ...]) -> None:
        if not self._logged.allow(identity, self._clock.seconds()):
            return
        peer, standing = self._name(identity), {each.game: each for each in before}
        for each in now:
            known = standing.pop(each.game, None)
            if known is None or known.hosting is not each.hosting:
                what = "hosts" if each.hosting else "plays"
                log.info("{peer} {what} {game}", peer=peer, what=what, game=each.name, game_id=each.game)
        for gone in standing.values():
            log.info("{peer} does not play {game} any more", peer=peer, game=gone.name, game_id=gone.game)

    def _send(self, to: Iterable[bytes]) -> None:
        if self._channel is not None:
            message = wire.Games.of(self._talk.life, self._talk.number, self._talk.games)
            for identity in to:
                self._channel.say(identity, message)
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        deadline = self._talk.deadline() if self._channel is not None else None
        delay = None if deadline is None else max(0.001, deadline - self._clock.seconds())
        self._timer = None if delay is None else self._clock.callLater(delay, self._tick)

    def _tick(self) -> None:
        to, forgotten = self._talk.tick(self._clock.seconds())
        self._send(to)
        if forgotten:
            self._tell_listeners()

    def _tell_listeners(self) -> None:
        for call in tuple(self._listeners):
            try:
                call()
            except Exception:  # pylint: disable=broad-exception-caught  # one listener never stops the others
                log.failure("a listener to what members play failed")
