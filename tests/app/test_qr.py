"""QR codes, and the operation that draws them."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.operations import perform
from lanrage.app.qr import QUIET_ZONE, TEXT_LIMIT, make_qr, qr_svg, qr_terminal
from lanrage.core.settings_rules import Number, OneWord, OnOff, choices
from lanrage.errors import BadInput
from tests.fakes_node import LINK, FakeNode

FINDER = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
"""What stands in three corners of every code (ISO/IEC 18004)."""
TEXTS = st.text(min_size=1, max_size=200)


def modules(terminal: str) -> list[str]:
    """The dark modules that a terminal shows, without the white around them."""
    halves = {"█": "00", "▀": "01", "▄": "10", " ": "11"}
    rows = ["".join(halves[sign][half] for sign in line) for line in terminal.splitlines() for half in (0, 1)]
    size = len(rows[0]) - 2 * QUIET_ZONE
    return [row[QUIET_ZONE : QUIET_ZONE + size] for row in rows[QUIET_ZONE : QUIET_ZONE + size]]


class QrTests(SynchronousTestCase):
    """The two forms."""

    @given(TEXTS.filter(lambda text: text.isprintable()))
    def test_terminal_is_the_code(self, text: str) -> None:
        """Every module of the code is shown, with the white around it that readers need."""
        shown = qr_terminal(text)
        code = make_qr(text)
        self.assertEqual(modules(shown), ["".join(str(int(bit)) for bit in row) for row in code.matrix])
        self.assertEqual([row[:7] for row in modules(shown)[:7]], FINDER)
        self.assertEqual({sign for line in shown.splitlines()[: QUIET_ZONE // 2] for sign in line}, {"█"})

    @given(TEXTS)
    def test_svg_is_a_picture_and_no_more(self, text: str) -> None:
        """Whatever the text: an SVG of two paths, without a script, a link or the text itself."""
        drawn = ElementTree.fromstring(qr_svg(text))
        names = [element.tag.rpartition("}")[2] for element in drawn.iter()]
        self.assertEqual(names, ["svg", "path", "path"])
        self.assertEqual(
            {name for element in drawn.iter() for name in element.attrib} & {"href", "onload", "style"}, set()
        )

    def test_svg_size(self) -> None:
        """The picture has the code's size with the white around it, so that it scales as one likes."""
        size = len(make_qr(LINK).matrix) + 2 * QUIET_ZONE
        self.assertEqual(re.findall(r'viewBox="([^"]*)"', qr_svg(LINK)), [f"0 0 {size} {size}"])

    def test_limits(self) -> None:
        """The longest text fits; a longer one and none are refused by the name of the argument."""
        self.assertLess(len(qr_svg("ä" * (TEXT_LIMIT // 2))), 200_000)
        for text in ("", "a" * (TEXT_LIMIT + 1), "ä" * TEXT_LIMIT):
            error = self.assertRaises(BadInput, make_qr, text)
            self.assertEqual(error.field, "text")


class OperationTests(SynchronousTestCase):
    """``qr`` as an operation and a command."""

    def test_operation(self) -> None:
        """It gives both forms."""
        result = self.successResultOf(Deferred.fromCoroutine(perform(FakeNode(), "qr", {"text": LINK})))
        self.assertEqual(result, {"svg": qr_svg(LINK), "terminal": qr_terminal(LINK)})

    def test_command(self) -> None:
        """The terminal shows the code, line by line."""

        def call(path: str, op: str, args: dict[str, str], *more: object) -> dict[str, str]:
            assert (op, args) == ("qr", {"text": LINK})
            return {"svg": "", "terminal": qr_terminal(LINK)}

        done = CliRunner().invoke(main, ["--socket", "/none", "qr", LINK], obj=call)
        self.assertEqual((done.exit_code, done.stdout), (0, qr_terminal(LINK)))


class ChoiceTests(SynchronousTestCase):
    """What a settings page makes a list of."""

    def test_rules(self) -> None:
        """Few words are listed in their order; numbers are not."""
        self.assertEqual(choices(OneWord(("auto", "off"))), ["auto", "off"])
        self.assertEqual(choices(OnOff()), ["on", "off"])
        self.assertEqual(choices(Number(0, 9, "seconds")), [])
