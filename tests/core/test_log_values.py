"""Values of log lines: plain, bounded, whatever comes."""

from __future__ import annotations

import json
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.log_values import (
    DEPTH_LIMIT,
    ITEM_LIMIT,
    SEARCHED,
    TEXT_LIMIT,
    WHOLE_LIMIT,
    bounded,
    clean,
    plain,
)
from lanrage.core.redaction import REDACTED, Redactor
from tests.strategies_logs import Odd, values

NONE = Redactor()
KNOWN = "s3cret-of-an-operator"


class Colour(Enum):
    """A value of a setting."""

    RED = "red"


def depth_of(value: Any) -> int:
    """How deep lists and objects stand in each other."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((depth_of(each) for each in inner), default=0) if isinstance(value, dict | list) else 0


class PlainTests(SynchronousTestCase):
    """Any value becomes one that JSON can say."""

    @given(values)
    def test_anything(self, value: Any) -> None:
        """It never fails, JSON takes it strictly, and it is bounded in depth and breadth."""
        shown = plain(value, NONE)
        text = json.dumps(shown, allow_nan=False, ensure_ascii=False)
        text.encode("utf-8")
        self.assertLessEqual(depth_of(shown), DEPTH_LIMIT)
        if isinstance(shown, list | dict):
            self.assertLessEqual(len(shown), ITEM_LIMIT + 1)

    def test_known_values(self) -> None:
        """Each kind of value as an operator reads it."""
        for value, expected in (
            (True, True),
            (1.5, 1.5),
            (float("inf"), "inf"),
            (WHOLE_LIMIT, WHOLE_LIMIT),
            (WHOLE_LIMIT + 1, str(WHOLE_LIMIT + 1)),
            (1 << 5000, "<a number of 5001 bits>"),
            (b"\x01\xff", "01ff"),
            (bytes(32), "<32 bytes>"),
            (Colour.RED, "red"),
            (IPv4Address("10.0.0.1"), "10.0.0.1"),
            (Path("/tmp"), "/tmp"),
            ({3, 1, 2}, [1, 2, 3]),
            (ValueError("why"), "why"),
            (Odd(), "<Odd without a text>"),
            ({"a": (1, None), 2: b"\x02"}, {"a": [1, None], "2": "02"}),
            (list(range(40)), [*range(32), "... 8 more"]),
            ("\ud800", "\\ud800"),
        ):
            self.assertEqual(expected, plain(value, NONE))

    def test_hidden_by_name(self) -> None:
        """A field with a secret's name shows nothing, within an object, too."""
        self.assertEqual(REDACTED, plain("x", NONE, "token"))
        self.assertEqual({"password": REDACTED, "user": "u"}, plain({"password": "x", "user": "u"}, NONE))

    def test_public_key(self) -> None:
        """Bytes of a key are shown where its field says that it is public."""
        key = bytes(range(32))
        self.assertEqual(key.hex(), plain(key, NONE, "public_key", frozenset({key.hex()})))

    @given(st.text(), st.integers(10, 60))
    def test_bounded(self, text: str, limit: int) -> None:
        """A long text keeps its ends and says how much is missing; a short one is as it was."""
        shown = bounded(text, limit)
        if len(text) <= limit:
            self.assertEqual(text.encode("utf-8", "backslashreplace").decode(), shown)
        else:
            self.assertIn("characters left out", shown)

    @given(st.integers(0, 1100), st.sampled_from((1500, 4 * TEXT_LIMIT + 1, SEARCHED * TEXT_LIMIT)))
    def test_no_secret_at_a_cut(self, place: int, size: int) -> None:
        """Wherever a secret stands, before or across any cut, no part of it is shown."""
        redactor = Redactor()
        redactor.keep_secret(KNOWN)
        for secret in (KNOWN, "LR1-" + "A" * 60, f"b'{'Q' * 40}'"):
            for text in (
                f"{'x ' * (place // 2)}{secret}{' y' * size}",
                f"{'x ' * size}{secret}{' y' * (place // 2)}",
                # What stands before the secret is hidden, so that the end of what is searched comes to be shown.
                f"{'f' * (size - place)} {secret} {'z ' * size}",
                f"{'f' * (SEARCHED * TEXT_LIMIT - 1 - place // 50)} {secret} {'z ' * size}",
            ):
                shown = clean(text, redactor)
                self.assertNotRegex(shown, "AAAA|QQQQ|s3cr")
                self.assertLess(len(shown), TEXT_LIMIT + 60)

    def test_bytes_of_any_length(self) -> None:
        """What Python shows of a buffer is hidden whole, however large, and where it was cut before it came here."""
        for size in (32, 2_000, 50_000):
            for text in (repr(b"\x00QR" * size), repr(b"\x00QR" * size)[:-1]):
                self.assertNotIn("QR", clean(f"got {text}", NONE))
        self.assertEqual(said := "the lobby of Bob's machine is open and all are ready to play", clean(said, NONE))

    def test_long_text_is_searched_where_it_is_shown(self) -> None:
        """A secret in a huge text is found where that is shown; what is left out costs no search."""
        secret = "LR1-" + "A" * 60
        shown = clean(f"{secret} {'x ' * 1_000_000} {secret}", NONE)
        self.assertNotIn("A" * 6, shown)
        self.assertLess(len(shown), TEXT_LIMIT + 60)
