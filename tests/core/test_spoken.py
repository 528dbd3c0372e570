"""Spoken codes: a round trip, and every way in which people mistype them."""

from __future__ import annotations

import itertools
import os

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.code import InvitationCode
from lanrage.core.spoken import ALPHABET, GROUP, NAMEPLATES, PASSWORD_SYMBOLS, SYMBOLS, SpokenCode, read_code
from lanrage.errors import BadInput
from tests.strategies_control import codes

GROUPS = ("first", "second", "third")
spoken_codes = st.builds(
    SpokenCode,
    st.integers(0, NAMEPLATES - 1),
    st.text(ALPHABET, min_size=PASSWORD_SYMBOLS, max_size=PASSWORD_SYMBOLS).map(str.encode),
)


def grouped(symbols: str) -> str:
    """With its dashes."""
    return "-".join(symbols[at : at + GROUP] for at in range(0, len(symbols), GROUP))


class SpokenTests(SynchronousTestCase):
    """What friends read out and type."""

    def rule(self, text: str) -> str:
        """Why a text is no code."""
        with self.assertRaises(BadInput) as caught:
            SpokenCode.decode(text)
        self.assertEqual("code", caught.exception.field)
        return caught.exception.rule

    @given(code=spoken_codes, data=st.data())
    def test_round_trip(self, code: SpokenCode, data: st.DataObject) -> None:
        """In either case, with other separators or none, and with the letters that look like digits."""
        text = code.encode()
        self.assertRegex(text, r"^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}\Z")
        self.assertEqual(code, SpokenCode.decode(text))
        between = data.draw(st.sampled_from(["", " ", "-", " - ", "\N{EN DASH}", ".", "\n"]))
        zero, one = data.draw(st.sampled_from("0oO")), data.draw(st.sampled_from("1iIlL"))
        typed = text.replace("-", between).lower().replace("0", zero).replace("1", one)
        self.assertEqual(code, SpokenCode.decode(typed))
        self.assertEqual(code, read_code(f"  {typed}\n"))

    @given(code=spoken_codes)
    def test_every_wrong_symbol(self, code: SpokenCode) -> None:
        """Each of the 372 codes with one symbol changed is refused, and the group that is named is the wrong one."""
        symbols = code.encode().replace("-", "")
        for place, symbol in itertools.product(range(SYMBOLS), ALPHABET):
            if symbol != symbols[place]:
                rule = self.rule(grouped(symbols[:place] + symbol + symbols[place + 1 :]))
                self.assertIn(f"the {GROUPS[place // GROUP]} group looks wrong", rule)

    @given(code=spoken_codes)
    def test_every_swap_of_neighbours(self, code: SpokenCode) -> None:
        """Each is refused, and where a group is named it is one that the swap touched."""
        symbols = code.encode().replace("-", "")
        for place in range(SYMBOLS - 1):
            swapped = symbols[:place] + symbols[place + 1] + symbols[place] + symbols[place + 2 :]
            if swapped != symbols:
                rule = self.rule(grouped(swapped))
                touched = {GROUPS[place // GROUP], GROUPS[(place + 1) // GROUP]}
                self.assertTrue("typo" in rule or any(f"the {group} group" in rule for group in touched), rule)

    @given(code=spoken_codes, data=st.data())
    def test_any_two_wrong_symbols(self, code: SpokenCode, data: st.DataObject) -> None:
        """No two changes make another valid code."""
        symbols = list(code.encode().replace("-", ""))
        places = data.draw(st.lists(st.integers(0, SYMBOLS - 1), min_size=2, max_size=2, unique=True))
        for place in places:
            symbols[place] = data.draw(st.sampled_from([char for char in ALPHABET if char != symbols[place]]))
        self.rule("".join(symbols))

    @given(code=spoken_codes, place=st.integers(0, SYMBOLS - 1), group=st.booleans())
    def test_lost_and_doubled(self, code: SpokenCode, place: int, group: bool) -> None:
        """Where the groups were kept, the one that is too short or too long is named."""
        text = code.encode()
        at = place + place // GROUP
        for wrong, size in ((text[:at] + text[at + 1 :], 3), (text[:at] + text[at] + text[at:], 5)):
            wanted = f"the {GROUPS[place // GROUP]} group has {size} characters instead of 4"
            if group:
                self.assertEqual(wanted, self.rule(wrong))
            else:
                self.assertIn(f"has 12 characters, this one {8 + size}", self.rule(wrong.replace("-", "")))

    def test_no_symbol(self) -> None:
        """A letter or sign that no code has is named with its group."""
        self.assertIn("'U' in the second group", self.rule("K7QM-2FXu-9R0A"))
        self.assertIn("'\\xc4' in the first group", self.rule("\xe47QM-2FXD-9R0A"))

    @given(text=st.text(max_size=40))
    def test_any_text(self, text: str) -> None:
        """Gives a code or the one error, and one line of it."""
        try:
            self.assertEqual(SpokenCode.decode(text), read_code(text))
        except BadInput as error:
            self.assertEqual("code", error.field)
            self.assertTrue(str(error).isprintable())

    @given(code=codes)
    def test_read_code(self, code: InvitationCode) -> None:
        """Invitation codes and links are told from spoken codes, damaged ones too."""
        self.assertEqual([code, code], [read_code(code.encode()), read_code(f" {code.link()}\n")])
        for text in (code.encode().lower(), code.encode()[:-1], code.link()[:-1]):
            with self.assertRaises(BadInput) as caught:
                read_code(text)
            self.assertNotIn("spoken", str(caught.exception))

    def test_random_and_secret(self) -> None:
        """A code is of all symbols, evenly enough, and its representation does not show the password."""
        made = [SpokenCode.make(7, os.urandom) for _ in range(200)]
        self.assertEqual(set(ALPHABET.encode()), set(b"".join(code.password for code in made)))
        self.assertEqual("SpokenCode(nameplate=7)", repr(made[0]))
