"""What running games change on this machine, from their start to their end (``docs/games-effects.rst``)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from lanrage.app.game_presence import Profiles, Watch
from lanrage.core.game_detection import GameChange, GameEnded, RunningGame
from lanrage.core.game_tuning import UNTUNED, GameWishes, Tuning, tuned, wishes_of
from lanrage.core.play_ports import PlayPorts
from lanrage.errors import BadInput

log = Logger()


class GameEffects:
    """Keeps the ports in play and the links' tuning as the running games want them; outlives a party's session.

    :ivar tuning: what the games want together, now.
    """

    def __init__(self) -> None:
        self.tuning: Tuning = UNTUNED
        self._ports = PlayPorts()
        self._watching = False
        self._wishes: dict[str, GameWishes] = {}
        self._profiles: Profiles | None = None
        self._listeners: list[Callable[[], None]] = []
        self._ends: list[Callable[[], None]] = []

    @property
    def games(self) -> tuple[str, ...]:
        """Whose effects stand, by name."""
        return tuple(sorted(self._wishes))

    def follow(self, watch: Watch, profiles: Profiles, ports: PlayPorts) -> None:
        """Do what the games that run want, from now until :meth:`stop`.

        :param ports: the node's registry; what listens there follows by itself.
        """
        self.stop()
        self._profiles, self._ports = profiles, ports
        ports.watched(self._watching)

        def look() -> None:
            running = {each.game: each for each in watch.running()}
            for game in self._wishes.keys() - running.keys():
                self._end(game)
            for each in running.values():
                self._begin(each)
            self._settle()

        self._ends = [watch.listen(self.changed), profiles.on_change(look)]
        look()

    def watching(self, watching: bool) -> None:
        """Whether games are noticed now: then the program's own list of ports rests."""
        self._watching = watching
        self._ports.watched(watching)

    def stop(self) -> None:
        """Take all back."""
        ends, self._ends = self._ends, []
        for end in ends:
            end()
        for game in tuple(self._wishes):
            self._end(game)
        self._ports.watched(False)
        self._settle()

    def changed(self, change: GameChange) -> None:
        """A game started, ended, or is another than it was."""
        if isinstance(change, GameEnded):
            self._end(change.running.game)
        else:
            self._begin(change.running)
        self._settle()

    def listen(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call after each change of :attr:`tuning`; the result ends that."""
        self._listeners.append(call)
        return lambda: self._listeners.remove(call) if call in self._listeners else None

    def _begin(self, running: RunningGame) -> None:
        profile = self._profiles.get(running.game) if self._profiles is not None else None
        wishes = wishes_of(running, profile)
        if self._wishes.get(running.game) == wishes:
            return
        try:
            self._ports.started(running.game, wishes.ports)
        except BadInput as error:
            log.warn("the ports of {game} are not opened: {error}", game=running.game, error=str(error))
            return
        if running.game not in self._wishes:
            ports = ", ".join(map(str, wishes.ports))
            log.info("{game} runs: ports {ports} are in play", game=running.game, ports=ports or "(none)")
        self._wishes[running.game] = wishes

    def _end(self, game: str) -> None:
        if self._wishes.pop(game, None) is not None:
            self._ports.ended(game)
            log.info("{game} has ended: what it changed is taken back", game=game)

    def _settle(self) -> None:
        tuning = tuned(self._wishes)
        if tuning == self.tuning:
            return
        self.tuning = tuning
        for call in tuple(self._listeners):
            call()
