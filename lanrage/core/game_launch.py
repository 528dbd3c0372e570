"""How a game is started so that it joins a server (``docs/agent.rst``)."""

from __future__ import annotations

from ipaddress import ip_address

from lanrage.core.game_profile import GameProfile, Join, JoinMethod, Platform


def join_arguments(join: Join | None, address: str, port: int) -> tuple[str, ...]:
    """The arguments after the program with which a game joins a server; empty where its profile knows none.

    :param address: an IP address, or a host's name; one of IPv6 is in brackets where it is joined to a port.
    """
    if join is None or join.method is not JoinMethod.COMMAND:
        return ()
    return tuple(_filled(word, address, port) for word in join.command)


def _filled(word: str, host: str, port: int) -> str:
    joined = word.replace("{address}:{port}", f"[{host}]:{port}" if _six(host) else f"{host}:{port}")
    return joined.replace("{address}", host).replace("{port}", str(port))


def _six(host: str) -> bool:
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False


def client_programs(profile: GameProfile) -> tuple[str, ...]:
    """The names under which the game may be installed here, the likeliest first."""
    return tuple(each.name for each in profile.executables if each.platform is Platform.LINUX)
