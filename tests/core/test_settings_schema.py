"""The schema: each row is whole, and nothing stands in it twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.setting import ALL, NODE, RELAY, ROLES, Setting
from lanrage.core.settings_rules import TEXT_LIMIT, OnOff
from lanrage.core.settings_schema import SCHEMA, SETTINGS, find, of_role
from lanrage.errors import BadInput
from tests.strategies_settings import rows, texts


class SchemaTests(SynchronousTestCase):
    """All rows."""

    def test_nothing_twice(self) -> None:
        """A name, an option and a variable mean one setting."""
        for words in zip(*((row.name, row.option, row.environment) for row in SCHEMA), strict=True):
            self.assertEqual(len(words), len(set(words)))

    def test_names(self) -> None:
        """Two words, in lower case; options with hyphens; a sentence of help; known roles."""
        for row in SCHEMA:
            self.assertRegex(row.name, r"^[a-z]+\.[a-z_]+$")
            self.assertRegex(row.option, r"^[a-z-]+$")
            self.assertRegex(row.environment, r"^LANRAGE_[A-Z_]+$")
            self.assertTrue(row.help.endswith(".") and row.help[0].isupper(), row.help)
            self.assertTrue(row.roles and set(row.roles) <= set(ROLES))
            self.assertTrue(set(row.elsewhere) <= set(row.roles))

    def test_defaults(self) -> None:
        """Each keeps its own rule, and stays the same by way of TOML."""
        for row in SCHEMA:
            for text in (row.default, *row.elsewhere.values()):
                back = row.rule.text(row.rule.plain(text), "f")
                self.assertEqual(row.rule.parse(text, "f"), row.rule.parse(back, "f"))

    @given(rows.flatmap(lambda row: st.tuples(st.just(row), texts(row))))
    def test_plain(self, drawn: tuple[Setting, str]) -> None:
        """A text that keeps the rule means the same after a way through TOML's types."""
        row, text = drawn
        back = row.rule.text(row.rule.plain(text), row.name)
        self.assertEqual(row.rule.parse(text, row.name), row.rule.parse(back, row.name))

    @given(rows, st.text(max_size=20) | st.sampled_from(("-1", "1e99", "nan", "inf", "0x10", "٣", "on ", "\n")))
    def test_refused(self, row: Setting, text: str) -> None:
        """Whatever the text is: it is read, or refused with the field that was named."""
        try:
            row.rule.parse(text, "field")
        except BadInput as error:
            self.assertEqual(error.field, "field")
            self.assertTrue(error.rule)

    @given(rows, st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just([1]))
    def test_other_types(self, row: Setting, value: object) -> None:
        """A value of TOML becomes a text that keeps the rule, or is refused with the name; true is no number."""
        try:
            text = row.rule.text(value, row.name)
        except BadInput as error:
            self.assertEqual(error.field, row.name)
        else:
            row.rule.parse(text, row.name)
            self.assertEqual(isinstance(value, bool), isinstance(row.rule, OnOff))

    def test_long(self) -> None:
        """No text is without bounds, none has control characters."""
        for text in ("x" * (TEXT_LIMIT + 1), "/etc/a\nb", "/etc/\x1b[2J"):
            with self.assertRaises(BadInput):
                SETTINGS["control.ban_file"].rule.parse(text, "control.ban_file")


class FindTests(SynchronousTestCase):
    """One setting by name."""

    def test_roles(self) -> None:
        """Each role finds its own settings, and no other's."""
        for role in ROLES:
            self.assertEqual([find(row.name, role) for row in of_role(role)], list(of_role(role)))
        self.assertEqual(find("relay.host").roles, (RELAY,))
        self.assertRaises(BadInput, find, "relay.host", ALL)
        with self.assertRaises(BadInput) as caught:
            find("control.listen", NODE)
        self.assertEqual(str(caught.exception), "control.listen: is a setting of control and all, and this is node")

    def test_unknown(self) -> None:
        """The error names the field, and what is near."""
        with self.assertRaises(BadInput) as caught:
            find("lan.exposed")
        self.assertIn("lan.exposed: is no setting; there are lan.card, lan.capture", str(caught.exception))
        with self.assertRaises(BadInput) as caught:
            find("")
        self.assertEqual(caught.exception.field, "name")
