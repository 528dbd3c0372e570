"""The exchange behind a spoken code, both sides joined in memory, with somebody between them."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.mailboxes import LETTER_LIMIT, LETTERS
from lanrage.core.pairing import MESSAGE_BYTES, Context, Inviter, Joiner
from lanrage.errors import Refused
from tests.fakes_control import SeededRandom, seeded
from tests.strategies_control import codes

CONTEXT = Context("ab" * 16, seeded("inviter"), seeded("joiner"), seeded("server"), 12345)
PASSWORD = b"K7QM2F"
CODE = "LR1-secret"
Tamper = Callable[[int, bytes], bytes]

texts = st.text("ABCDEFGHJKMNPQRSTVWXYZ0123456789", min_size=6, max_size=6).map(str.encode)
contexts = st.builds(
    Context,
    st.binary(min_size=16, max_size=16).map(bytes.hex),
    *[st.binary(min_size=32, max_size=32)] * 3,
    st.integers(0, 2**20 - 1),
)


def pair(
    context: Context = CONTEXT, other: Context = CONTEXT, password: bytes = PASSWORD, code: str = CODE
) -> tuple[Joiner, Inviter]:
    """Both sides; the inviter has another context, or the joiner another password."""
    return (
        Joiner(context, password, SeededRandom("joiner")),
        Inviter(other, PASSWORD, code, SeededRandom("inviter")),
    )


def run(joiner: Joiner, inviter: Inviter, tamper: Tamper = lambda _, data: data) -> int:
    """Pass letters to and fro until one side refuses or all have come; how many did."""
    letter, count = joiner.start(), 0
    sides: tuple[Joiner | Inviter, Joiner | Inviter] = (inviter, joiner)
    try:
        while letter:
            letter = sides[count % 2].receive(tamper(count, letter))
            count += 1
    except Refused as error:
        assert error.code == "wrong_code"
    return count


class PairingTests(SynchronousTestCase):
    """Right code, wrong code, and whoever sits between."""

    @settings(max_examples=15, deadline=None)
    @given(context=contexts, code=codes)
    def test_right_code(self, context: Context, code: str) -> None:
        """Four letters, each within the limit, and the joiner has exactly the inviter's text."""
        sizes: list[int] = []

        def look(_: int, data: bytes) -> bytes:
            sizes.append(len(data))
            self.assertNotIn(CODE.encode(), data)
            return data

        joiner, inviter = pair(context, context, code=CODE + str(code))
        self.assertEqual(LETTERS, run(joiner, inviter, look))
        self.assertEqual((CODE + str(code), True), (joiner.code, inviter.done))
        self.assertEqual([33, 65, 32], sizes[:3])
        self.assertLessEqual(max(sizes), LETTER_LIMIT)

    @settings(max_examples=15, deadline=None)
    @given(password=texts.filter(lambda text: text != PASSWORD))
    def test_wrong_code(self, password: bytes) -> None:
        """The joiner finds out by the inviter's MAC, and the inviter gives nothing, whatever it then gets."""
        joiner, inviter = pair(password=password)
        self.assertEqual(1, run(joiner, inviter))
        self.assertEqual((None, False), (joiner.code, inviter.done))
        for guess in (bytes(32), joiner._message, b""):
            with self.assertRaises(Refused):
                inviter.receive(guess)
            with self.assertRaises(Refused):
                joiner.receive(guess)

    @settings(max_examples=150, deadline=None)
    @given(data=st.data())
    def test_any_changed_letter(self, data: st.DataObject) -> None:
        """Whichever letter is changed in whatever way, no code comes out; one before the last leaves it ungiven."""
        at = data.draw(st.integers(0, LETTERS - 1))
        seen: list[bytes] = []

        def tamper(count: int, letter: bytes) -> bytes:
            seen.append(letter)
            return self.changed(data, seen) if count == at else letter

        joiner, inviter = pair()
        run(joiner, inviter, tamper)
        self.assertIsNone(joiner.code)
        self.assertEqual(at == LETTERS - 1, inviter.done)

    def changed(self, data: st.DataObject, seen: list[bytes]) -> bytes:
        """The last letter seen: with bits flipped, cut, grown, replaced, or reflected from another place."""
        letter = seen[-1]
        kind = data.draw(st.sampled_from(["flip", "cut", "grow", "other", "reflect"]))
        wrong = {
            "flip": lambda: bytes(
                byte ^ (bit if place == where else 0)
                for where, bit in [(data.draw(st.integers(0, len(letter) - 1)), data.draw(st.integers(1, 255)))]
                for place, byte in enumerate(letter)
            ),
            "cut": lambda: letter[: data.draw(st.integers(0, len(letter) - 1))],
            "grow": lambda: letter + data.draw(st.binary(min_size=1, max_size=40)),
            "other": lambda: data.draw(st.binary(max_size=100).filter(lambda drawn: drawn != letter)),
            "reflect": lambda: b"".join(seen[:-1])[: len(letter)],
        }[kind]()
        assert wrong != letter
        return wrong

    def test_points_that_are_none(self) -> None:
        """The neutral element, points of small order and reflected messages are refused by both sides."""
        own = pair()[0].start()
        points = (b"\x01" + bytes(31), bytes(32), b"\xec" + b"\xff" * 30 + b"\x7f", b"\xff" * 32, own[1:])
        for message in (side + point for point in points for side in (b"A", b"B", b"S")):
            if message != own:
                with self.assertRaises(Refused):
                    pair()[1].receive(message)
            joiner = pair()[0]
            joiner.start()
            with self.assertRaises(Refused):
                joiner.receive(message + bytes(32))
        self.assertEqual(MESSAGE_BYTES, len(own))

    def test_every_field_counts(self) -> None:
        """Two sides that see another party, identity, server key or nameplate do not come together."""
        for other in (
            attrs.evolve(CONTEXT, party_id="cd" * 16),
            attrs.evolve(CONTEXT, inviter=seeded("x")),
            attrs.evolve(CONTEXT, joiner=seeded("x")),
            attrs.evolve(CONTEXT, inviter=CONTEXT.joiner, joiner=CONTEXT.inviter),
            attrs.evolve(CONTEXT, server_key=seeded("x")),
            attrs.evolve(CONTEXT, nameplate=12346),
        ):
            joiner, inviter = pair(CONTEXT, other)
            self.assertEqual((1, None, False), (run(joiner, inviter), joiner.code, inviter.done))

    def test_somebody_between_with_a_guess(self) -> None:
        """Who plays inviter to the one and joiner to the other learns nothing of either with a wrong guess."""
        joiner, inviter = pair()
        false_inviter = Inviter(CONTEXT, b"WRONG0", "LR1-false", SeededRandom("m"))
        with self.assertRaises(Refused):
            joiner.receive(false_inviter.receive(joiner.start()))
        false_joiner = Joiner(CONTEXT, b"WRONG0", SeededRandom("m"))
        with self.assertRaises(Refused):
            false_joiner.receive(inviter.receive(false_joiner.start()))
        with self.assertRaises(Refused):
            inviter.receive(bytes(32))

    def test_one_exchange(self) -> None:
        """After a good exchange nothing more is answered, and nothing secret is in a representation."""
        joiner, inviter = pair()
        run(joiner, inviter)
        for machine in (joiner, inviter):
            with self.assertRaises(Refused):
                machine.receive(bytes(32))
            self.assertNotIn("K7QM2F", repr(machine))
            self.assertNotIn(CODE, repr(machine))
