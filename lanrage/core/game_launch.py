"""How a game is started so that it joins a server (``docs/agent.rst``)."""

from __future__ import annotations

from ipaddress import ip_address

from lanrage.core.game_profile import GameProfile, JoinMethod, Platform
from lanrage.errors import BadInput

PORT_LAST = 65535


def join_arguments(profile: GameProfile, address: str, port: int) -> tuple[str, ...]:
    """The arguments after the program with which the game joins a server.

    An address of IPv6 is in brackets where the profile joins it to a port (``{address}:{port}``).

    :raises BadInput: ``game``: its profile knows none; ``address``, ``port``: they are none.
    """
    join = profile.join
    if join is None or join.method is not JoinMethod.COMMAND or not join.command:
        raise BadInput("game", f"how {profile.name} is told of a server when it starts is not known; join in the game")
    if not 1 <= port <= PORT_LAST:
        raise BadInput("port", f"{port} is no port from 1 to {PORT_LAST}")
    try:
        host = ip_address(address)
    except ValueError as error:
        raise BadInput("address", "must be an IP address") from error
    return tuple(_filled(word, str(host), host.version, port) for word in join.command)


def _filled(word: str, host: str, version: int, port: int) -> str:
    joined = word.replace("{address}:{port}", f"[{host}]:{port}" if version == 6 else f"{host}:{port}")
    return joined.replace("{address}", host).replace("{port}", str(port))


def client_programs(profile: GameProfile) -> tuple[str, ...]:
    """The names under which the game may be installed here, the likeliest first."""
    return tuple(each.name for each in profile.executables if each.platform is Platform.LINUX)
