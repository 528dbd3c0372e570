"""How a game is started so that it joins a server (``docs/agent.rst``)."""

from __future__ import annotations

from ipaddress import ip_address

from lanrage.core.game_profile import GameProfile, JoinMethod, PortRole
from lanrage.errors import Refused


def join_arguments(profile: GameProfile | None, address: str, port: int) -> tuple[str, ...]:
    """The arguments after the program with which a game joins a server; empty where none are known that lead there.

    A program that takes no port joins at the game's own port, and no server elsewhere.

    :param address: an IP address, or a host's name; one of IPv6 is in brackets where it is joined to a port.
    """
    join = profile.join if profile is not None else None
    if profile is None or join is None or join.method is not JoinMethod.COMMAND:
        return ()
    told = any("{port}" in word for word in join.command)
    own = any(use.role is PortRole.GAME and use.span.first == port for use in profile.ports)
    return tuple(_filled(word, address, port) for word in join.command) if told or own else ()


def check_launch(profile: GameProfile | None, address: str, port: int) -> None:
    """Refuse to start a game of which it is not known how.

    :raises Refused: ``not_started``: it is not known, or its profile names no program or no arguments.
    """
    if profile is None:
        raise Refused("not_started", "which game this server is of is not known: join in the game")
    if not join_arguments(profile, address, port):
        raise Refused("not_started", f"how {profile.name} is started to join a server is not known: join in the game")
    if not client_programs(profile):
        raise Refused("not_started", f"the profile of {profile.name} names no program of a player: join in the game")


def _filled(word: str, host: str, port: int) -> str:
    beside = f"[{host}]" if "{address}:{port}" in word and _six(host) else host
    return word.format(address=beside, port=port)


def _six(host: str) -> bool:
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False


def client_programs(profile: GameProfile) -> tuple[str, ...]:
    """The players' programs of the game on Linux, the likeliest first: a server's is none."""
    return profile.join.programs if profile.join is not None else ()
