"""What goes from a node to an agent, and back."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.game_mods import MODS_LIMIT, NAME_BYTES, ModList
from lanrage.core.game_orders import (
    NUMBER_LIMIT,
    PART_MODS,
    AnyFound,
    AnyOrder,
    Launch,
    LookMods,
    ModsFound,
    ModTold,
    decode_order,
    encode_order,
    kind_of,
    number_of,
)
from lanrage.errors import DecodeError
from lanrage.wire.local import CALL_LIMIT, Call, encode
from tests.strategies_mods import MOD_LISTS

numbers = st.integers(0, NUMBER_LIMIT - 1)
games = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=40)
orders: st.SearchStrategy[AnyOrder] = st.one_of(
    st.builds(Launch, number=numbers, game=games, address=st.ip_addresses().map(str), port=st.integers(1, 65535)),
    st.builds(LookMods, number=numbers, game=games),
)


class OrderTests(SynchronousTestCase):
    """The codec of orders."""

    @given(orders)
    def test_round_trip(self, order: AnyOrder) -> None:
        """It comes as it went, and its kind and number can be told from the text."""
        text = encode_order(order)
        assert decode_order(text) == order
        assert number_of(text) == order.number
        assert json.loads(text)["order"] == kind_of(order)

    @given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: raw.decode("latin-1"))))
    def test_any_text(self, text: str) -> None:
        """It is an order, or one error."""
        try:
            decode_order(text)
        except DecodeError:
            number_of(text)

    def test_refused(self) -> None:
        """A program, a shell's word, an unknown order and one with more than it has are none."""
        for text in (
            '{"order":"run","number":1,"game":"sh","address":"::1","port":1}',
            '{"order":"launch","game":"../sh","address":"::1","port":1}',
            '{"order":"launch","game":"sh","address":"$(ls)","port":1}',
            '{"order":"launch","game":"sh","address":"::1","port":65536}',
            '{"order":"launch","game":"sh","address":"::1","port":1,"program":"sh"}',
            '{"order":"mods","game":"sh","folder":"/"}',
            '{"order":"mods","number":-1,"game":"sh"}',
            '{"game":"sh","address":"::1","port":1}',
            "[" * 5000,
        ):
            self.assertRaises(DecodeError, decode_order, text)

    def test_number_of_a_later_kind(self) -> None:
        """It is answered although it is not known; what has no number is not."""
        self.assertEqual(7, number_of('{"order":"dance","number":7,"steps":[1,2]}'))
        for text in ('{"order":"dance"}', '{"number":true}', '{"number":-1}', '{"number":4294967296}', "7", "{"):
            self.assertIsNone(number_of(text))


class FoundTests(SynchronousTestCase):
    """What an order gives back."""

    @given(MOD_LISTS)
    def test_modifications(self, mods: ModList) -> None:
        """They come as they went."""
        told = [ModTold.of(each) for each in mods.mods[:PART_MODS]]
        plain = msgspec.to_builtins(ModsFound(mods=told))
        found = msgspec.convert(plain, AnyFound)
        assert tuple(each.mod() for each in found.mods) == mods.mods[:PART_MODS]

    def test_largest_part_fits_into_a_call(self) -> None:
        """Names of full length, each character of two bytes as JSON."""
        told = [ModTold('"' * NAME_BYTES, "ff" * 16)] * PART_MODS
        args = {"number": NUMBER_LIMIT - 1, "error": "", "result": msgspec.to_builtins(ModsFound(more=True, mods=told))}
        self.assertLess(len(encode(Call(2**53, "agent.done", args, "c" * 32))), CALL_LIMIT)
        self.assertEqual(0, MODS_LIMIT % PART_MODS)

    def test_refused(self) -> None:
        """More than a part has, another hash, another field, another kind."""
        for plain in (
            {"found": "mods", "mods": [{"name": "a"}] * (PART_MODS + 1)},
            {"found": "mods", "mods": [{"name": "a", "hash": "FF"}]},
            {"found": "mods", "mods": [{"name": "a", "hash": "f"}]},
            {"found": "mods", "mods": [{"name": ""}]},
            {"found": "mods", "mods": [{"name": "a", "path": "/"}]},
            {"found": "files", "mods": []},
        ):
            self.assertRaises(msgspec.ValidationError, msgspec.convert, plain, AnyFound)
