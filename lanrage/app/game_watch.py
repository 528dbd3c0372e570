"""Notices which games run on this machine (``docs/games-detection.rst``).

The kernel tells of each program that starts; a first look dismisses nearly all of them; what is left is looked at in a
thread, and matched. Descriptors tell when a game's processes end. Where the kernel may not tell, all processes are
looked at in an interval.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.app.game_listens import GameListens, Listens
from lanrage.app.game_looks import GameLooks, WatchCounters
from lanrage.app.game_news import GameNews
from lanrage.app.game_ports import GamePorts
from lanrage.app.game_screen import GameScreen
from lanrage.app.game_senses import REAL, Events, Senses
from lanrage.app.games_config import DEFAULTS, GamesSettings
from lanrage.core.game_detection import DetectionResult, GameChange, RunningGame
from lanrage.core.game_match import GameIndex, Owner
from lanrage.core.game_profile import GameProfile
from lanrage.core.game_running import RunningGames
from lanrage.core.game_windows import Window
from lanrage.core.play_ports import Proto, Span
from lanrage.errors import BadInput, MissingRight
from lanrage.net.game_facts import Looks, Sighting, namespace_of
from lanrage.net.game_first_look import Verdict
from lanrage.net.process_ends import ProcessEnds, open_process
from lanrage.net.threads import in_thread


class GameWatch:
    """The watch, from :meth:`start` to :meth:`stop`.

    :param profiles: all games, as they are now.
    :param now: seconds since the epoch.
    :ivar rooms: networks of ``lanrage run`` (their inodes), whose processes have the LAN card, too; the node sets it.
    :ivar on_mode: called when the watch begins and ends.
    :ivar trouble: why processes are looked at in an interval; empty where the kernel tells, or nobody looks.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        profiles: Callable[[], tuple[GameProfile, ...]],
        settings: GamesSettings = DEFAULTS,
        *,
        now: Callable[[], float] = time.time,
        senses: Senses = REAL,
    ) -> None:
        self._reactor, self._profiles, self.settings, self._now = reactor, profiles, settings, now
        self._senses = senses
        self.rooms: Callable[[], frozenset[int]] = frozenset
        self._events: Events | None = None
        self.index = GameIndex()
        self._first = senses.first(self.index)
        self._running = RunningGames(self._name_of)
        self._gone, self._confirmed = set[int](), set[int]()
        self._owners: Sequence[Owner] = ()
        self._screen = GameScreen(reactor, lambda: self.index, self._shown)
        self._indexing: Deferred[None] | None = None
        self._known: tuple[tuple[GameIndex, frozenset[int]], Looks] | None = None
        self._ends = ProcessEnds(reactor, self._ended)
        self.counters = WatchCounters()
        self._news = GameNews(self.counters, self._pids_came)
        self._looks = self._make_looks()
        self._ports = GamePorts(reactor, lambda: self.index, self._ports_found, senses.owners())
        self._listens = GameListens(reactor, self.running, self._listens_found, senses.listens)
        self._due: IDelayedCall | None = None
        self._begun = self._on = self._stale = False
        self.on_mode: Callable[[bool], None] = lambda on: None
        self.trouble = ""

    # --- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin; a machine on which little may be seen is watched as well as can be."""
        self._begun = True
        if self._on or not self.settings.detect:
            return
        self._on, self.trouble = True, ""
        self.on_mode(True)
        await self._use_profiles()
        if self._stopped():
            return
        self._looks = self._make_looks()
        self._ports.start()
        events = self._events = self._senses.events(self._reactor)
        try:
            await events.open(self._started, self._missed)
        except MissingRight as error:
            self._events = None
            self.trouble = str(error)
        if self._stopped():
            return
        if self.trouble:
            self.log.warn(
                "games are looked for each {seconds:g} s: {why}", seconds=self.settings.poll, why=self.trouble
            )
        self._screen.start()
        self._look_at_all()

    async def stop(self, *, for_good: bool = False) -> None:
        """End: nothing is watched, and nothing runs as far as is known.

        :param for_good: nor what the user said.
        """
        self._on = False
        self.on_mode(False)
        self._begun = self._begun and not for_good
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None
        self._screen.stop()
        events, self._events = self._events, None
        if events is not None:
            events.close()
        turns = (self._looks.close(), self._ports.stop(), self._listens.stop(), self._indexing)
        self._ends.close()
        self._gone.clear()
        self._owners = ()
        self._change(self._running.clear, for_good)
        for turn in turns:
            if turn is not None:
                await turn

    async def use(self, settings: GamesSettings) -> None:
        """Go by other settings from now on; whether it runs at all is for :meth:`start` and :meth:`stop`."""
        before, self.settings = self.settings, settings
        if not self._begun:
            return
        if settings.detect and not before.detect:
            await self.start()
        elif before.detect and not settings.detect:
            await self.stop()
        elif self._due is not None and settings.poll != before.poll:
            self._look_at_all()

    def _stopped(self) -> bool:
        """Whether it was stopped while something was waited for."""
        return not self._on

    @property
    def mode(self) -> str:
        """``off``, ``events`` or ``polling``."""
        if not self._on:
            return "off"
        return "events" if self._events is not None else "polling"

    def profiles_changed(self) -> None:
        """Other games are known from now on; what runs is looked at by them."""
        self._stale = self._indexing is not None
        if self._on and self._indexing is None:
            self._indexing = Deferred.fromCoroutine(self._use_others())
            self._indexing.addErrback(lambda failure: self.log.failure("other games are not looked for", failure))
            self._indexing.addBoth(self._indexed)

    def _indexed(self, result: Any) -> Any:
        self._indexing = None
        if self._stale:
            self.profiles_changed()
        return result

    async def _use_others(self) -> None:
        await self._use_profiles()
        if not self._on:
            return
        before, self._confirmed = self._running.programs, set()

        def looked() -> None:
            self._ports_found(self._owners)
            self._screen.match()
            self._change(self._running.forget, before - self._confirmed)
            self._watch_ends()

        self._looks.ask_all(looked)

    # --- what others ask ----------------------------------------------------------------------------------------------

    def running(self) -> tuple[RunningGame, ...]:
        """The games that run now."""
        return self._running.running

    def listen(self, call: Callable[[GameChange], None]) -> Callable[[], None]:
        """Call `call` with each change from now on; the result ends that."""
        return self._news.listen(call)

    def put_windows(self, titles: Sequence[Window]) -> None:
        """These windows are on the user's screen, and no others."""
        self._screen.put(titles)

    def play(self, game: str) -> None:
        """The user plays this game, whatever is seen of it.

        :raises BadInput: field ``game``: nobody knows it.
        """
        if all(profile.game != game for profile in self._profiles()):
            raise BadInput("game", f"there is no game {game[:64]!r} here; lanrage games list names all")
        self._change(self._running.play, game)

    def stop_play(self, game: str) -> None:
        """The user plays it no more; what is seen of it counts again.

        :raises BadInput: field ``game``: it was not said.
        """
        if not self._running.said(game):
            raise BadInput("game", f"nobody said that {game[:64]!r} is played")
        self._change(self._running.stop_play, game)

    # --- processes ----------------------------------------------------------------------------------------------------

    def _started(self, pid: int) -> None:
        """The kernel: a process runs another program."""
        self.counters.execs += 1
        verdict = self._first.look(pid)
        if verdict is Verdict.LOOK:
            self._looks.ask(pid)
            return
        self.counters.dismissed += 1
        if verdict is Verdict.STRANGER:
            self._ports.stir()
        elif verdict is Verdict.GONE:
            self._looks.gone()

    def _missed(self) -> None:
        self.counters.missed += 1
        self._looks.rescan()

    def _look_at_all(self) -> None:
        """Now, and where the kernel does not tell, again and again."""
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due = None
        self._looks.ask_all(self._looked_at_all)

    def _looked_at_all(self) -> None:
        if self._on and self._events is None and self._due is None:
            self._due = self._reactor.callLater(self.settings.poll, self._look_at_all)

    def _seen(self, sighting: Sighting) -> None:
        if sighting.result is None:
            return
        self._confirmed.add(sighting.pid)
        self._gone.discard(sighting.pid)
        self._ends.watch(sighting.pid, sighting.descriptor)
        self._change(self._running.process, sighting.result, sighting.since)
        if sighting.pid not in self._running.pids:
            self._ends.forget(sighting.pid)

    def _ended(self, pid: int) -> None:
        """A process has ended; before its game has, it is looked whether a fork of it goes on."""
        if not self._running.ends_with([*self._gone, pid]):
            self._change(self._running.exited, [pid])
            return
        self._gone.add(pid)
        gone = [pid]

        def looked() -> None:
            left = [each for each in gone if each in self._gone]  # another one may have the number now
            self._gone.difference_update(left)
            self._change(self._running.exited, left)

        self._looks.ask_all(looked)

    def _strangers(self, pids: frozenset[int]) -> None:
        if pids:
            self._ports.stir()

    def _watch_ends(self) -> None:
        """Of the processes that are a sign now, windows' and ports' among them, and of no others."""
        wanted = self._running.pids
        for pid in self._ends.watched - wanted:
            self._ends.forget(pid)
        for pid in wanted - self._ends.watched:
            descriptor = open_process(pid)
            if descriptor is not None:
                self._ends.watch(pid, descriptor)

    def _shown(self, results: Sequence[DetectionResult]) -> None:
        self._change(self._running.windows, results)
        self._watch_ends()

    # --- ports --------------------------------------------------------------------------------------------------------

    def _ports_found(self, owners: Sequence[Owner]) -> None:
        self._owners = owners
        results = [result for owner in owners if (result := self.index.ports(owner)) is not None]
        self._change(self._running.ports, results)
        self._watch_ends()

    def _listens_found(self, found: Mapping[str, Listens]) -> None:
        for game, each in found.items():
            backing = self.index.own_ports(game, _ports(each.spans))
            self._change(self._running.looked, game, each.tree, each.spans, backing)

    # --- within -------------------------------------------------------------------------------------------------------

    def _make_looks(self) -> GameLooks:
        return GameLooks(self._reactor, self._look, self._seen, self._strangers, self.counters)

    def _look(self) -> Looks:
        """By the games and networks of now; the same one as before, with what it knows, where these are."""
        own = namespace_of("self")
        key = self.index, self.rooms() | ({own} if own is not None else frozenset())
        if self._known is None or self._known[0] != key:
            self._known = key, self._senses.looks(*key)
        return self._known[1]

    async def _use_profiles(self) -> None:
        """In a thread: of 300 games an index takes 15 ms."""
        self.index = await in_thread(self._reactor, GameIndex, self._profiles())
        self._first.use(self.index)

    def _name_of(self, game: str) -> str:
        known = self.index.profiles.get(game) or next((each for each in self._profiles() if each.game == game), None)
        return known.name if known is not None else game

    def _change(self, call: Callable[..., list[GameChange]], *args: Any) -> None:
        self._news.tell(call(*args, self._now()))

    def _pids_came(self) -> None:
        if self._on:
            self._listens.begin()


def _ports(spans: Sequence[Span]) -> list[tuple[Proto, int]]:
    """The first and last ports of spans, and those between where they are near."""
    return [(span.proto, port) for span in spans for port in range(span.first, min(span.last, span.first + 64) + 1)]
