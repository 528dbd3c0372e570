"""Lists of modifications: digest, difference, and pieces under loss, repetition and lies."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_mods import (
    DIGEST_BYTES,
    HASH_BYTES,
    MODS_LIMIT,
    NAME_BYTES,
    PIECE_BYTES,
    PIECES_LIMIT,
    Mod,
    ModDifference,
    ModGathering,
    ModList,
    ModPiece,
    difference,
    pieces,
)
from lanrage.errors import BadInput
from tests.strategies_mods import MOD_LISTS

ONE, TWO = b"1" * HASH_BYTES, b"2" * HASH_BYTES


class ListTests(SynchronousTestCase):
    """What a list may hold, and its digest."""

    def test_refused(self) -> None:
        """A name that cannot be shown, a hash of another length, a name twice, and too many are refused."""
        for name in ("", " ", "a\nb", "\ud800", "x" * (NAME_BYTES + 1), "ä" * (NAME_BYTES // 2 + 1)):
            self.assertRaises(BadInput, Mod, name)
        self.assertRaises(BadInput, Mod, "a", b"short")
        self.assertRaises(BadInput, ModList.of, [Mod("a", ONE), Mod("a", TWO)])
        self.assertRaises(BadInput, ModList.of, [Mod(f"{number}") for number in range(MODS_LIMIT + 1)])

    def test_digest_known(self) -> None:
        """Members of all versions compute the same."""
        digest = ModList.of([Mod("b.jar", ONE), Mod("a.jar")]).digest()
        self.assertEqual(digest.hex(), "372dc7f958317d263db47ff189730640")

    @given(MOD_LISTS, MOD_LISTS)
    def test_digest(self, one: ModList, two: ModList) -> None:
        """Equal lists have one digest in whatever order they were found, and others have others."""
        self.assertEqual(ModList.of(reversed(one.mods)).digest(), one.digest())
        self.assertEqual(one.digest() == two.digest(), one == two)
        self.assertEqual(len(one.digest()), DIGEST_BYTES)


class DifferenceTests(SynchronousTestCase):
    """How two lists differ."""

    def test_kinds(self) -> None:
        """Missing there, missing here, another content; without a hash on one side the name is enough."""
        here = ModList.of([Mod("both", ONE), Mod("mine", ONE), Mod("old", ONE), Mod("named")])
        there = ModList.of([Mod("both", ONE), Mod("theirs"), Mod("old", TWO), Mod("named", TWO)])
        self.assertEqual(difference(here, there), ModDifference(("mine",), ("theirs",), ("old",)))

    @given(MOD_LISTS, MOD_LISTS)
    def test_mirror(self, here: ModList, there: ModList) -> None:
        """Each side sees the other's difference mirrored, and itself without any."""
        seen, mirrored = difference(here, there), difference(there, here)
        self.assertEqual((seen.here, seen.there, seen.other), (mirrored.there, mirrored.here, mirrored.other))
        self.assertFalse(difference(here, here))
        names, others = {each.name for each in here.mods}, {each.name for each in there.mods}
        self.assertEqual((set(seen.here), set(seen.there)), (names - others, others - names))


class PieceTests(SynchronousTestCase):
    """A list in pieces."""

    @given(MOD_LISTS, st.data())
    def test_gathered(self, mods: ModList, data: st.DataObject) -> None:
        """In any order, some twice and some lost at first, the list comes whole as soon as no part is missing."""
        parts = pieces(mods)
        self.assertTrue(all(sum(each.size for each in part.mods) <= PIECE_BYTES for part in parts))
        gathering = ModGathering(mods.digest())
        self.assertIsNone(gathering.missing())
        first = data.draw(st.lists(st.sampled_from(parts), max_size=len(parts)))
        came = [gathering.take(part) for part in first]
        if any(each is not None for each in came):
            self.assertEqual({part.index for part in first}, {part.index for part in parts})
            return
        missing = gathering.missing()
        left = range(len(parts)) if missing is None else missing
        came = [gathering.take(parts[index]) for index in data.draw(st.permutations(list(left)))]
        self.assertEqual(came, [None] * (len(left) - 1) + [mods])

    def test_largest(self) -> None:
        """The largest list has no more pieces than are believed."""
        largest = ModList.of(Mod(f"{number:04}".ljust(NAME_BYTES, "x"), ONE) for number in range(MODS_LIMIT))
        self.assertLessEqual(len(pieces(largest)), PIECES_LIMIT)

    def test_lies(self) -> None:
        """What does not fit is refused and kept nowhere, and the true parts still make the list."""
        mods = ModList.of(Mod(f"{number:02}".ljust(NAME_BYTES, "x")) for number in range(8))
        true = pieces(mods)
        gathering = ModGathering(mods.digest())
        self.assertIsNone(gathering.take(true[0]))
        for lie in (
            attrs.evolve(true[1], digest=b"x" * DIGEST_BYTES),
            attrs.evolve(true[1], index=len(true)),
            attrs.evolve(true[1], index=-1),
            attrs.evolve(true[1], count=len(true) + 1),
            attrs.evolve(true[1], mods=mods.mods),
            ModPiece(mods.digest(), 0, PIECES_LIMIT + 1, ()),
        ):
            self.assertIsNone(gathering.take(lie))
        self.assertEqual((gathering.refused, gathering.missing()), (6, tuple(range(1, len(true)))))
        self.assertEqual([gathering.take(part) for part in true[1:]][-1], mods)

    def test_false_whole(self) -> None:
        """A whole that has another digest, or a name twice, is thrown away, and the next may be true."""
        mods = ModList.of([Mod("a", ONE)])
        gathering = ModGathering(mods.digest())
        for lie in ((Mod("b", ONE),), (Mod("a", ONE), Mod("a", ONE))):
            self.assertIsNone(gathering.take(ModPiece(mods.digest(), 0, 1, lie)))
        self.assertEqual((gathering.refused, gathering.missing()), (2, None))
        self.assertEqual(gathering.take(pieces(mods)[0]), mods)
