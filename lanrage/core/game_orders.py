"""What a node asks a user's agent to do, and what it gives back (``docs/agent.rst``).

An order is one of several kinds, told apart by its field ``order``. A new kind is a class of its own in
:data:`AnyOrder`; what it gives back beside an error is a class of its own in :data:`AnyFound`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import attrs
import msgspec
from msgspec import Meta

from lanrage.core.desktop_notes import TEXT_LIMIT, TITLE_LIMIT, Note
from lanrage.core.discord_activity import TEXT_LONGEST, Activity
from lanrage.core.game_mods import HASH_BYTES, NAME_BYTES, Mod
from lanrage.errors import DecodeError

GAME_LIMIT = 40
"""Characters of a game's id."""
NUMBER_LIMIT = 2**31
"""Orders that one agent gets are numbered below this."""
ERROR_LIMIT = 300
"""Characters of the sentence by which an agent says why it did not do something."""
WAIT = 5.0
"""Seconds that a node waits for an agent's answer; a game that is started, is so within a second."""
WAIT_READING = 60.0
"""Seconds to read files: 4 GiB, the most that is hashed of one game, take 43 s at 100 MB/s."""
PART_MODS = 100
"""Modifications in one part of an answer: with names of full length it fits into a call of the local API (64 KiB)."""

OrderNumber = Annotated[int, Meta(ge=0, lt=NUMBER_LIMIT, description="an order's number, below 2^31")]
GameId = Annotated[str, Meta(min_length=1, max_length=GAME_LIMIT, pattern=r"^[a-z0-9-]+\Z")]


class Found(msgspec.Struct, frozen=True, tag_field="found", forbid_unknown_fields=True):
    """Base of what an order gives back, or of one part of it.

    :param more: another part follows.
    """

    more: bool = msgspec.field(default=False)


class ModTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One modification; see :class:`lanrage.core.game_mods.Mod`.

    :param hash: hexadecimal; empty where names alone are compared.
    """

    name: Annotated[str, Meta(min_length=1, max_length=NAME_BYTES)]
    hash: Annotated[str, Meta(max_length=2 * HASH_BYTES, pattern=r"^([0-9a-f]{2})*\Z")] = ""

    @classmethod
    def of(cls, mod: Mod) -> ModTold:
        """As it is told."""
        return cls(mod.name, mod.hash.hex())

    def mod(self) -> Mod:
        """As it is compared.

        :raises BadInput: for what :class:`Mod` refuses.
        """
        return Mod(self.name, bytes.fromhex(self.hash))


class ModsFound(Found, frozen=True, tag="mods", kw_only=True):
    """Modifications of one game in the user's own folders."""

    mods: Annotated[list[ModTold], Meta(max_length=PART_MODS)]


AnyFound = ModsFound
"""What an agent may give back; a union, once there are several."""


class Order(msgspec.Struct, frozen=True, tag_field="order", forbid_unknown_fields=True, kw_only=True):
    """Base of all orders.

    :param number: by which the agent answers; given when it is asked.
    :cvar gives: what it gives back, in one or several parts; ``None``: nothing but that it is done.
    :cvar wait: seconds for the answer.
    :cvar repeated: it is given again and again, so that it is no news.
    """

    number: OrderNumber = 0
    gives: ClassVar[type[Found] | None] = None
    wait: ClassVar[float] = WAIT
    repeated: ClassVar[bool] = False


class Launch(Order, frozen=True, tag="launch"):
    """Start a game and let it join a server.

    The order names no program: the agent takes that from its own profiles, so that a node can make it start nothing
    but a known game.

    :param game: id of its profile.
    :param address: IP address to join.
    :param port: there.
    """

    game: GameId
    address: Annotated[str, Meta(min_length=2, max_length=45, pattern=r"^[0-9a-f.:]+\Z")]
    port: Annotated[int, Meta(ge=1, le=65535)]


class LookMods(Order, frozen=True, tag="mods"):
    """Read which modifications of a game are in the user's folders.

    The order names no folder: the agent takes that from its own profiles.

    :param game: id of its profile.
    """

    game: GameId
    gives: ClassVar[type[Found] | None] = ModsFound
    wait: ClassVar[float] = WAIT_READING


Shown = Annotated[str, Meta(max_length=TEXT_LONGEST)]
Members = Annotated[int, Meta(ge=0, le=64)]


class ShowPresence(Order, frozen=True, tag="presence"):
    """Show this in Discord, until another order of the kind, or for a while where none comes.

    :param client_id: of the application as which it is shown; empty: nothing is.
    :param details: the first line; empty: nothing is shown now, but friends' invitations are heard.
    """

    client_id: Annotated[str, Meta(pattern=r"^([0-9]{15,22})?\Z")]
    details: Shown = ""
    state: Shown = ""
    party_id: Shown = ""
    members: Members = 0
    members_limit: Members = 0
    started: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    join: Shown = ""
    repeated: ClassVar[bool] = True

    @classmethod
    def of(cls, client_id: str, activity: Activity | None) -> ShowPresence:
        """The order to show this, or nothing."""
        return cls(client_id=client_id, **(attrs.asdict(activity) if activity is not None else {}))

    def activity(self) -> Activity | None:
        """What is shown; ``None``: nothing."""
        if not self.details:
            return None
        party = (self.party_id, self.members, self.members_limit)
        return Activity(self.details, self.state, *party, self.started, self.join)


class ShowNote(Order, frozen=True, tag="notify"):
    """Show a notification on the desktop.

    :param text: lines, with line breaks between; of strangers: the agent shows it as text, never as markup.
    :param urgency: ``critical``: the user should look.
    """

    title: Annotated[str, Meta(min_length=1, max_length=TITLE_LIMIT)]
    text: Annotated[str, Meta(max_length=TEXT_LIMIT)]
    urgency: Literal["normal", "critical"] = "normal"

    @classmethod
    def of(cls, note: Note) -> ShowNote:
        """The order to show a note."""
        return cls(title=note.title, text=note.text, urgency="critical" if note.urgent else "normal")


AnyOrder = Launch | LookMods | ShowPresence | ShowNote
"""The kinds of orders."""


class _Numbered(msgspec.Struct, frozen=True):
    number: OrderNumber


def kind_of(order: Order) -> str:
    """The word by which an order's kind is told."""
    return str(order.__struct_config__.tag)


def encode_order(order: AnyOrder) -> str:
    """An order as JSON text."""
    return msgspec.json.encode(order).decode()


def decode_order(text: str) -> AnyOrder:
    """Read an order.

    :raises DecodeError: it is none of this version.
    """
    try:
        order: AnyOrder = msgspec.json.decode(text, type=AnyOrder)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"no order of this version: {error}") from error
    return order


def number_of(text: str) -> int | None:
    """The number of an order that may be of a later version's kind; ``None`` where it has none."""
    try:
        return msgspec.json.decode(text, type=_Numbered).number
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
