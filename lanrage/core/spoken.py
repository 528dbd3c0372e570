"""The short code that one friend reads to another: ``K7QM-2FXD-9R0A``.

Twelve symbols of Crockford's base 32 in three groups: 4 name a mailbox at the control server (20 bits), 6 are the
password of the exchange (30 bits, :mod:`lanrage.core.pairing`), 2 are a checksum. The checksum is a Reed-Solomon code
over GF(32): any one or two wrong symbols are found, so every typo and every swap of neighbours, and for one wrong
symbol its place is known, too.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.code import PREFIX, InvitationCode
from lanrage.errors import BadInput

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without I, L, O (read as 1, 1, 0) and U."""
NAMEPLATE_SYMBOLS = 4
NAMEPLATES: int = 32**NAMEPLATE_SYMBOLS
"""Names of mailboxes: one in a thousand is taken when a server holds as many as it may."""
PASSWORD_SYMBOLS = 6
"""30 bits: each side allows one guess a code, which is right once in 2**30 codes."""
CHECK_SYMBOLS = 2
SYMBOLS = NAMEPLATE_SYMBOLS + PASSWORD_SYMBOLS + CHECK_SYMBOLS
GROUP = 4
"""As many symbols as one keeps in mind while typing."""
LONGEST = 16
"""Symbols up to which a text is taken for a spoken code with a mistake, and not for a damaged invitation code."""

_GROUPS = ("first", "second", "third")
_FOLDED = {"O": "0", "I": "1", "L": "1"}
_DASHES = "-_.\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"
_POLYNOMIAL = 0b100101
"""x^5 + x^2 + 1, primitive over GF(2)."""


def _powers() -> tuple[int, ...]:
    powers = [1]
    while len(powers) < 31:
        doubled = powers[-1] << 1
        powers.append(doubled ^ _POLYNOMIAL if doubled & 32 else doubled)
    return tuple(powers)


_POWER = _powers()
_LOG = {value: exponent for exponent, value in enumerate(_POWER)}


def _times(a: int, b: int) -> int:
    return _POWER[(_LOG[a] + _LOG[b]) % 31] if a and b else 0


def _over(a: int, b: int) -> int:
    return _POWER[(_LOG[a] - _LOG[b]) % 31] if a else 0


def _syndromes(symbols: list[int]) -> tuple[int, int]:
    """Sum of all symbols, and sum of each times x^place; both 0 in a valid code."""
    plain = weighted = 0
    for place, symbol in enumerate(symbols):
        plain ^= symbol
        weighted ^= _times(symbol, _POWER[place])
    return plain, weighted


def _checks(symbols: list[int]) -> list[int]:
    """The two symbols that make both syndromes 0."""
    plain, weighted = _syndromes(symbols)
    low, high = _POWER[SYMBOLS - 2], _POWER[SYMBOLS - 1]
    last = _over(weighted ^ _times(plain, low), low ^ high)
    return [plain ^ last, last]


def _suspects(symbols: list[int]) -> set[int]:
    """The groups in which one wrong symbol, or one swap of neighbours, would explain the syndromes."""
    plain, weighted = _syndromes(symbols)
    if plain:
        place = _LOG[_over(weighted, plain)] if weighted else SYMBOLS
        return {place // GROUP} if place < SYMBOLS else set()
    swaps = [
        place
        for place in range(SYMBOLS - 1)
        if _times(symbols[place] ^ symbols[place + 1], _POWER[place] ^ _POWER[place + 1]) == weighted
    ]
    return {at // GROUP for place in swaps for at in (place, place + 1)}


@attrs.frozen(repr=False)
class SpokenCode:
    """What the code holds.

    :param nameplate: of the mailbox, from 0 to :data:`NAMEPLATES` - 1.
    :param password: 6 symbols in ASCII; secret.
    """

    nameplate: int
    password: bytes

    @classmethod
    def make(cls, nameplate: int, random: Callable[[int], bytes]) -> SpokenCode:
        """A new code for a mailbox.

        :param random: ``os.urandom``, or a test's own.
        """
        return cls(nameplate, bytes(ord(ALPHABET[byte % 32]) for byte in random(PASSWORD_SYMBOLS)))

    def encode(self) -> str:
        """The text to read out."""
        shifts = range(5 * (NAMEPLATE_SYMBOLS - 1), -1, -5)
        symbols = [(self.nameplate >> shift) % 32 for shift in shifts]
        symbols += [ALPHABET.index(chr(byte)) for byte in self.password]
        text = "".join(ALPHABET[symbol] for symbol in symbols + _checks(symbols))
        return "-".join(text[at : at + GROUP] for at in range(0, SYMBOLS, GROUP))

    @classmethod
    def decode(cls, text: str) -> SpokenCode:
        """Read a code as somebody typed it: either case, with blanks, dashes or none, O for 0, I or L for 1.

        :raises BadInput: field ``code``: what is wrong, and in which group where that can be told.
        """
        groups = _groups(text)
        typed = "".join(groups)
        if len(typed) != SYMBOLS:
            raise BadInput("code", _wrong_length(groups))
        for place, char in enumerate(typed):
            if char not in ALPHABET:
                group = _GROUPS[place // GROUP]
                raise BadInput("code", f"{char!a} in the {group} group is in no spoken code: ask for it again")
        symbols = [ALPHABET.index(char) for char in typed]
        if _syndromes(symbols) != (0, 0):
            suspects = _suspects(symbols)
            where = f"the {_GROUPS[suspects.pop()]} group looks wrong" if len(suspects) == 1 else "it has a typo"
            raise BadInput("code", f"{where}: compare it with what you were told")
        nameplate = 0
        for symbol in symbols[:NAMEPLATE_SYMBOLS]:
            nameplate = nameplate * 32 + symbol
        return cls(nameplate, typed[NAMEPLATE_SYMBOLS:-CHECK_SYMBOLS].encode("ascii"))

    def __repr__(self) -> str:
        return f"SpokenCode(nameplate={self.nameplate})"


def _groups(text: str) -> list[str]:
    """The text's groups as they were typed, in upper case and folded."""
    blanked = "".join(" " if char in _DASHES else char for char in text)
    folded = "".join(_FOLDED.get(char, char) for char in blanked.upper())
    return folded.split()


def _wrong_length(groups: list[str]) -> str:
    wrong = [at for at, group in enumerate(groups) if len(group) != GROUP]
    if len(groups) == len(_GROUPS) and len(wrong) == 1:
        size = len(groups[wrong[0]])
        has = "1 character" if size == 1 else f"{size} characters"
        return f"the {_GROUPS[wrong[0]]} group has {has} instead of {GROUP}"
    count = sum(map(len, groups))
    return f"a spoken code has {SYMBOLS} characters, this one {count}; an invitation code starts with {PREFIX}"


def read_code(text: str) -> InvitationCode | SpokenCode:
    """Whatever a friend gave: an invitation code, its link, or a spoken code.

    :raises BadInput: field ``code``: what is wrong with it.
    """
    pasted = "".join(text.split())
    if pasted.startswith(PREFIX) or "#" in pasted or "://" in pasted or len("".join(_groups(text))) > LONGEST:
        return InvitationCode.decode(text)
    return SpokenCode.decode(text)
