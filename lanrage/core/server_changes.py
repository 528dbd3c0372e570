"""What happens to the list of servers (``docs/servers.rst``)."""

from __future__ import annotations

import attrs

from lanrage.core.server_entry import Server


@attrs.frozen
class ServerAdded:
    """A server was not there before."""

    server: Server


@attrs.frozen
class ServerChanged:
    """Other facts, or another verdict."""

    server: Server
    before: Server


@attrs.frozen
class ServerRemoved:
    """A server is gone.

    :param reason: in words, for people.
    """

    server: Server
    reason: str


ServerChange = ServerAdded | ServerChanged | ServerRemoved
