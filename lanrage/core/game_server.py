"""What a game server says of itself (``docs/servers.rst``)."""

from __future__ import annotations

import attrs


@attrs.frozen
class ServerFacts:
    """What an announcement or an answer told; unknown is absent. Texts are the server's and may be anything.

    :param format: name of the parser in :mod:`lanrage.wire.games`.
    :param port: where players connect; ``None``: the port that it came from.
    :param game: which game, where the format serves several and says so: a profile's id, or the format's own word.
    :param closing: it says goodbye.
    """

    format: str
    name: str = ""
    port: int | None = None
    game: str = ""
    map: str = ""
    mode: str = ""
    version: str = ""
    players: int | None = None
    players_limit: int | None = None
    password: bool | None = None
    closing: bool = False
