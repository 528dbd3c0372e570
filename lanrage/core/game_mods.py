"""Lists of a game's modifications, and how two of them differ (``docs/games-mods.rst``).

A list is sorted and bounded. Its digest is short enough to be told to everybody; the list itself goes in pieces that
each fit into a datagram, and a gathering takes them in any order, some lost, and believes none of them before the
whole has the digest that was asked for.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping

import attrs

from lanrage.errors import BadInput

MODS_LIMIT = 1000
"""Modifications of one game; large collections of Minecraft have some 400."""
NAME_BYTES = 240
"""Bytes of a name in UTF-8; a file's name on Linux has at most 255, and two of them fit into a piece."""
HASH_BYTES = 16
"""Bytes of the hash of a modification's contents."""
DIGEST_BYTES = 16
"""Bytes of a list's digest."""
PIECE_BYTES = 900
"""Bytes of one piece's modifications; with its head it fits into a datagram of 1,200 bytes."""
ENTRY_HEAD = 6
"""Bytes that an entry has beside its name and hash: the lengths of both, and of itself."""
ENTRY_LIMIT = ENTRY_HEAD + NAME_BYTES + HASH_BYTES
"""Bytes of the largest entry."""
PIECES_LIMIT = MODS_LIMIT * ENTRY_LIMIT // (PIECE_BYTES - ENTRY_LIMIT) + 1
"""Pieces of the largest list, since each but the last leaves less room than one entry; who tells of more is not
believed."""


def _named(mod: Mod, _field: attrs.Attribute[str], name: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise BadInput("mod", "its name is no valid text") from error
    if not 0 < size <= NAME_BYTES or not name.isprintable() or not name.strip():
        raise BadInput("mod", f"its name has 1 to {NAME_BYTES} bytes and can be shown")


def _hashed(mod: Mod, _field: attrs.Attribute[bytes], digest: bytes) -> None:
    if len(digest) not in {0, HASH_BYTES}:
        raise BadInput("mod", f"its hash has {HASH_BYTES} bytes, or none")


@attrs.frozen(order=True)
class Mod:
    """One modification.

    :param hash: of its contents, :data:`HASH_BYTES` bytes; empty where names alone are compared.
    :raises BadInput: for a name that is empty, too long or not to be shown, and for a hash of another length.
    """

    name: str = attrs.field(validator=_named)
    hash: bytes = attrs.field(default=b"", validator=_hashed)

    @property
    def size(self) -> int:
        """Bytes of it in a piece."""
        return ENTRY_HEAD + len(self.name.encode()) + len(self.hash)


@attrs.frozen
class ModList:
    """All modifications of one game at one member, by name, each name once."""

    mods: tuple[Mod, ...] = ()

    @classmethod
    def of(cls, mods: Iterable[Mod]) -> ModList:
        """The list of these, in any order.

        :raises BadInput: for two of one name, and for more than :data:`MODS_LIMIT`.
        """
        ordered = tuple(sorted(mods))
        if len(ordered) > MODS_LIMIT:
            raise BadInput("mods", f"at most {MODS_LIMIT} of one game")
        if len({each.name for each in ordered}) < len(ordered):
            raise BadInput("mods", "each name once")
        return cls(ordered)

    def digest(self) -> bytes:
        """:data:`DIGEST_BYTES` bytes; equal lists alone have the same."""
        whole = hashlib.blake2b(digest_size=DIGEST_BYTES, person=b"lanrage mods")
        for each in self.mods:
            name = each.name.encode()
            whole.update(bytes([len(name), len(each.hash)]) + name + each.hash)
        return whole.digest()


@attrs.frozen
class ModDifference:
    """What another member's list has otherwise; names in order.

    :param here: what only this member has.
    :param there: what only the other has.
    :param other: what both have, with other contents.
    """

    here: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.here or self.there or self.other)


class Verdict(enum.Enum):
    """What is known of a member's list."""

    SAME = "same"
    DIFFERS = "differs"
    NO_ANSWER = "no-answer"
    UNKNOWN = "unknown"
    """The member does not know its list."""
    NO_LINK = "no-link"


@attrs.frozen
class Compared:
    """A member's list beside our own.

    :param difference: where the verdict is :attr:`Verdict.DIFFERS`.
    """

    verdict: Verdict
    difference: ModDifference = ModDifference()

    @classmethod
    def of(cls, here: ModList, there: ModList) -> Compared:
        """Both lists are known."""
        found = difference(here, there)
        return cls(Verdict.DIFFERS if found else Verdict.SAME, found)


def difference(here: ModList, there: ModList) -> ModDifference:
    """How the list there differs from the one here; false where it does not.

    A modification of which one side has no hash is compared by its name.
    """
    ours, theirs = _by_name(here), _by_name(there)
    both = ours.keys() & theirs.keys()
    return ModDifference(
        tuple(sorted(ours.keys() - both)),
        tuple(sorted(theirs.keys() - both)),
        tuple(sorted(name for name in both if ours[name] and theirs[name] and ours[name] != theirs[name])),
    )


def _by_name(mods: ModList) -> Mapping[str, bytes]:
    return {each.name: each.hash for each in mods.mods}


@attrs.frozen
class ModPiece:
    """A part of a list.

    :param digest: of the whole list.
    :param index: which part, from 0.
    :param count: how many parts there are, at least one.
    """

    digest: bytes
    index: int
    count: int
    mods: tuple[Mod, ...]


def pieces(mods: ModList) -> tuple[ModPiece, ...]:
    """The list in parts of at most :data:`PIECE_BYTES` bytes; an empty list is one empty part."""
    parts: list[list[Mod]] = [[]]
    size = 0
    for each in mods.mods:
        if size + each.size > PIECE_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(each)
        size += each.size
    digest = mods.digest()
    return tuple(ModPiece(digest, index, len(parts), tuple(part)) for index, part in enumerate(parts))


@attrs.define
class ModGathering:
    """The parts of one member's list, as they come.

    :param digest: of the list that was asked for; parts of another do not count.
    :ivar refused: parts that were not believed, and whole lists that had not this digest.
    """

    digest: bytes
    refused: int = 0
    _count: int | None = None
    _parts: dict[int, tuple[Mod, ...]] = attrs.field(factory=dict)

    def take(self, piece: ModPiece) -> ModList | None:
        """One part came; the whole list once it is there and has the digest.

        What does not fit to what came before is refused. A whole with another digest is thrown away, and the gathering
        begins anew, so that one bad part does not spoil it for ever.
        """
        if not self._fits(piece):
            self.refused += 1
            return None
        self._count = piece.count
        self._parts[piece.index] = piece.mods
        if len(self._parts) < piece.count:
            return None
        return self._whole()

    def missing(self) -> tuple[int, ...] | None:
        """Which parts to ask for again; ``None`` before the first came: all."""
        if self._count is None:
            return None
        return tuple(index for index in range(self._count) if index not in self._parts)

    def _fits(self, piece: ModPiece) -> bool:
        return (
            piece.digest == self.digest
            and 0 <= piece.index < piece.count <= PIECES_LIMIT
            and self._count in {None, piece.count}
            and sum(each.size for each in piece.mods) <= PIECE_BYTES
        )

    def _whole(self) -> ModList | None:
        gathered = [each for index in sorted(self._parts) for each in self._parts[index]]
        self._parts, self._count = {}, None
        try:
            whole = ModList.of(gathered)
        except BadInput:
            self.refused += 1
            return None
        if whole.digest() != self.digest:
            self.refused += 1
            return None
        return whole
