"""The players' side of a node, and of one session of its party: what games change and what members tell each other of
games, of their paths and clocks, joined to links and channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.clock_desk import ClockDesk
from lanrage.app.game_effects import GameEffects
from lanrage.app.game_mods import GameMods
from lanrage.app.game_mods_own import OwnModLists
from lanrage.app.game_presence import GamePresence, Profiles, Watch, no_name
from lanrage.app.game_tuning import GameTuning, Marks
from lanrage.app.links import Links
from lanrage.app.party_channel import PartyChannel
from lanrage.app.quality_desk import QualityDesk
from lanrage.app.ready_desk import ReadyDesk
from lanrage.core.play_ports import PlayPorts
from lanrage.interfaces import ITunnel


@attrs.frozen
class SessionGames:
    """Of one session."""

    tuning: GameTuning
    _presence: GamePresence
    _mods: GameMods
    _ready: ReadyDesk
    _quality: QualityDesk
    _clocks: ClockDesk

    def stop(self) -> Deferred[None]:
        """Leave links and channel as they were."""
        self._clocks.leave()
        self._quality.leave()
        self._ready.leave()
        self._mods.leave()
        self._presence.leave()
        return self.tuning.stop()


@attrs.frozen
class PlaySide:
    """Of one node; does nothing until :meth:`follow`, so that a node goes without noticing games as it did before."""

    effects: GameEffects
    presence: GamePresence
    mods: GameMods
    ready: ReadyDesk
    quality: QualityDesk
    clocks: ClockDesk

    @classmethod
    def make(cls, reactor: Any, random: Callable[[int], bytes], own: OwnModLists) -> PlaySide:
        """With nothing that it changes yet.

        :param own: this machine's lists of modifications.
        """
        presence, mods, ready = GamePresence(reactor, random), GameMods(reactor, own), ReadyDesk(reactor, random)
        return cls(GameEffects(), presence, mods, ready, QualityDesk(reactor), ClockDesk(reactor, random))

    def join(self, links: Links, channel: PartyChannel, tunnel: ITunnel, marks: Marks, port: int) -> SessionGames:
        """Begin in a session whose links run.

        :param port: WireGuard's own.
        """
        tuning = GameTuning(self.effects, links, tunnel, marks, port)
        tuning.start()
        self.presence.join(channel, lambda identity: _name(links, identity), lambda: links.cut_off.members)
        self.mods.join(channel)
        self.ready.join(channel)
        self.quality.join(channel, links)
        self.clocks.join(channel)
        channel.follow()
        return SessionGames(tuning, self.presence, self.mods, self.ready, self.quality, self.clocks)

    def follow(self, watch: Watch, profiles: Profiles, ports: PlayPorts) -> None:
        """Do and say what the games that run want, until :meth:`stop`.

        :param ports: the node's registry.
        """
        self.effects.follow(watch, profiles, ports)
        self.presence.follow(watch, profiles)
        self.mods.profiles = profiles

    def watching(self, watching: bool) -> None:
        """Whether games are noticed now."""
        self.effects.watching(watching)

    def stop(self) -> None:
        """Take all back."""
        self.mods.profiles = None
        self.presence.stop()
        self.effects.stop()


def _name(links: Links, identity: bytes) -> str:
    link = links.peers.get(identity)
    return link.name if link is not None else no_name(identity)
