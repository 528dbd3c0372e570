"""Which value counts."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.setting import ALL, CONTROL, HIDDEN, NODE, Origin
from lanrage.core.settings_order import Given, Stored, Value, check, check_set_name, read_environment, sound
from lanrage.core.settings_schema import SCHEMA, SETTINGS
from lanrage.errors import BadInput
from tests.strategies_settings import changes

EXPOSURE = SETTINGS["lan.exposure"]
SECRET = attrs.evolve(SETTINGS["node.server"], name="node.token", secret=True)


class OrderTests(SynchronousTestCase):
    """Command line, environment, stored, default."""

    @given(changes, changes, changes)
    def test_order(self, line: dict[str, str], environment: dict[str, str], stored: dict[str, str]) -> None:
        """The first of them that has a value counts, and is named."""
        given_values = Given(line, environment)
        for row in SCHEMA:
            expected = Value(row.default, Origin.DEFAULT)
            for origin, values in (
                (Origin.STORED, stored),
                (Origin.ENVIRONMENT, environment),
                (Origin.COMMAND_LINE, line),
            ):
                if row.name in values:
                    expected = Value(values[row.name], origin)
            self.assertEqual(given_values.value(row, ALL, stored), expected)

    def test_default_of_a_role(self) -> None:
        """A default may be another in one role."""
        row = SETTINGS["net.port_mapping"]
        self.assertEqual([Given().value(row, role, {}).text for role in (NODE, CONTROL)], ["auto", "off"])


class EnvironmentTests(SynchronousTestCase):
    """The environment."""

    @given(changes)
    def test_names(self, values: dict[str, str]) -> None:
        """Each setting has its variable; whatever else is in the environment is not looked at."""
        environment = {SETTINGS[name].environment: text for name, text in values.items()}
        self.assertEqual(read_environment(SCHEMA, {"LANRAGE_SOCKET": "/x", "HOME": "/", **environment}), values)

    def test_wrong(self) -> None:
        """The error names the variable and the rule."""
        with self.assertRaises(BadInput) as caught:
            read_environment(SCHEMA, {"LANRAGE_LAN_EXPOSURE": "some"})
        self.assertEqual(str(caught.exception), "LANRAGE_LAN_EXPOSURE: 'some' is none of guarded, games, all")


class StoredTests(SynchronousTestCase):
    """Stored values."""

    @given(changes, st.dictionaries(st.sampled_from(sorted(SETTINGS)), st.just("\n")))
    def test_sound(self, values: dict[str, str], wrong: dict[str, str]) -> None:
        """What breaks its rule is left out with a word; what no row names, without."""
        kept, words = sound(SCHEMA, {**values, **wrong, "lan.of_old": "7"})
        self.assertEqual(kept, {name: text for name, text in values.items() if name not in wrong})
        self.assertEqual(len(words), len(wrong))

    def test_active(self) -> None:
        """The values are those of the active set."""
        self.assertEqual(dict(Stored({"main": {}, "a": {"lan.card": "x"}}, "a").values), {"lan.card": "x"})

    def test_set_names(self) -> None:
        """A set's name is a word that needs no quotes."""
        for name in ("main", "LAN-party.2", "x" * 64):
            self.assertEqual(check_set_name(name), name)
        for name in ("", "-x", "a b", "x" * 65, "a/b", "ä", "a\n"):
            with self.assertRaises(BadInput) as caught:
                check_set_name(name)
            self.assertEqual(caught.exception.field, "set")


class SecretTests(SynchronousTestCase):
    """A secret."""

    def test_hidden(self) -> None:
        """It is not shown; that there is none is."""
        self.assertEqual((SECRET.shown("hunter2:1"), SECRET.shown(""), EXPOSURE.shown("all")), (HIDDEN, "", "all"))

    def test_errors(self) -> None:
        """An error does not repeat it, nor does the one behind that."""
        with self.assertRaises(BadInput) as caught:
            check(SECRET, "hunter2")
        self.assertEqual(str(caught.exception), "node.token: is not HOST:PORT, or empty")
        self.assertTrue(caught.exception.__suppress_context__)
