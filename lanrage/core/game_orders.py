"""What a node asks a user's agent to do (``docs/agent.rst``)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from lanrage.errors import DecodeError

GAME_LIMIT = 40
"""Characters of a game's id."""


class Order(msgspec.Struct, frozen=True, tag="launch", tag_field="order"):
    """Start a game and let it join a server.

    The order names no program: the agent takes that from its own profiles, so that a node can make it start nothing
    but a known game.

    :param game: id of its profile.
    :param address: IP address to join.
    :param port: there.
    """

    game: Annotated[str, Meta(min_length=1, max_length=GAME_LIMIT, pattern=r"^[a-z0-9-]+\Z")]
    address: Annotated[str, Meta(min_length=2, max_length=45, pattern=r"^[0-9a-f.:]+\Z")]
    port: Annotated[int, Meta(ge=1, le=65535)]


def encode_order(order: Order) -> str:
    """An order as JSON text."""
    return msgspec.json.encode(order).decode()


def decode_order(text: str) -> Order:
    """Read an order.

    :raises DecodeError: it is none of this version.
    """
    try:
        return msgspec.json.decode(text, type=Order)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"no order of this version: {error}") from error
