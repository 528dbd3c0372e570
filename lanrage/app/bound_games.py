"""Looks for running games that listen at one address alone (``docs/doctor.rst``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import attrs
import psutil
from twisted.logger import Logger

from lanrage.app.game_watch import GameWatch
from lanrage.app.lan_translated import Translations
from lanrage.app.party_session import PartySession
from lanrage.core.bound_games import Place, unheard
from lanrage.core.diagnosis import BoundGameFacts
from lanrage.core.game_profile import GameProfile
from lanrage.core.play_ports import Span
from lanrage.errors import DecodeError
from lanrage.net.game_sockets import bound_of, tree_of

log = Logger()


@attrs.frozen
class Game:
    """A game that runs.

    :param pids: its processes; what they have started is looked for.
    :param ports: of its profile.
    """

    name: str
    pids: frozenset[int]
    ports: tuple[Span, ...]


def running(watch: GameWatch) -> list[Game]:
    """The games that run now, with the ports that their profiles name."""
    profiles = watch.index.profiles
    return [Game(each.name, each.pids, _ports(profiles.get(each.game))) for each in watch.running() if each.pids]


def _ports(profile: GameProfile | None) -> tuple[Span, ...]:
    if profile is None:
        return ()
    return (*(use.span for use in profile.ports), *(span for way in profile.discovery for span in way.ports))


def party_addresses(session: PartySession) -> frozenset[str]:
    """Under which members reach this machine."""
    names = (session.devices.card, session.devices.tunnel)
    on_devices = {address for name, address in _addresses() if name in names}
    return frozenset(on_devices | {str(session.address.ip)})


def helped_ports(session: PartySession) -> frozenset[int]:
    """Ports of games on a real address whose answers are translated."""
    part = session.lan.part(Translations) if session.lan is not None else None
    return frozenset(part.places) if part is not None else frozenset()


def bound_games(games: Iterable[Game], party: Collection[str], helped: Collection[int]) -> list[BoundGameFacts] | None:
    """What :func:`lanrage.core.bound_games.unheard` finds; ``None`` where the kernel does not tell. Blocks."""
    own = {address for _, address in _addresses()}
    found = []
    try:
        for game in games:
            sockets = bound_of(game.pids | tree_of(game.pids))
            places = [Place(each.proto, each.port, each.address) for each in sockets]
            lonely = unheard(places, game.ports, own, party, helped)
            found += [BoundGameFacts(game.name, each.proto, each.port, each.address) for each in lonely]
    except (OSError, DecodeError) as error:
        log.info("games' sockets are not looked at: {error}", error=str(error))
        return None
    return found


def _addresses() -> Iterator[tuple[str, str]]:
    """Each device with each of its IP addresses."""
    for name, addresses in psutil.net_if_addrs().items():
        for each in addresses:
            if each.family.name != "AF_PACKET":
                yield name, each.address.partition("%")[0]
