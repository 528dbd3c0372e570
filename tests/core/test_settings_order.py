"""Which value counts."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from pathlib import Path

import attrs
from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.setting import ALL, CONTROL, ENVIRONMENT, HIDDEN, NODE, Origin, Setting
from lanrage.core.settings_order import (
    OTHER_VARIABLES,
    UNKNOWN_SHOWN,
    Given,
    Stored,
    Value,
    check,
    check_set_name,
    read_environment,
    sound,
    unknown_variables,
)
from lanrage.core.settings_schema import SCHEMA, SETTINGS
from lanrage.errors import BadInput
from tests.strategies_settings import changes

ROOT = Path(__file__).resolve().parents[2]
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


class UnknownTests(SynchronousTestCase):
    """Variables that look as if they set something."""

    @given(changes, st.sampled_from(SCHEMA), st.data())
    def test_misspelt(self, values: dict[str, str], row: Setting, data: st.DataObject) -> None:
        """A letter that is missing or wrong, or small letters: the variable that is meant is named; the right ones and
        those of others have no word."""
        right = row.environment
        place = data.draw(st.integers(len(ENVIRONMENT), len(right) - 1))
        wrong = data.draw(
            st.sampled_from((right[:place] + right[place + 1 :], f"{right[:place]}Q{right[place + 1 :]}"))
        )
        known = {each.environment for each in SCHEMA}
        assume(wrong not in known)
        names = {SETTINGS[name].environment for name in values} | {"HOME", "LANRAGES", wrong} | OTHER_VARIABLES
        (word,) = unknown_variables(SCHEMA, names)
        meant = word.rpartition("; ")[2].removesuffix(" is meant, perhaps")
        self.assertIn(repr(wrong), word)
        self.assertIn(meant, known | OTHER_VARIABLES)
        near = SequenceMatcher(None, wrong, right).ratio()
        self.assertGreaterEqual(SequenceMatcher(None, wrong, meant).ratio(), near - 0.05)

    def test_words(self) -> None:
        """As a user reads them; nothing alike; a bounded number."""
        told = "the environment variable {!r} sets nothing: there is no such setting; {}"
        for name, hint in (
            ("LANRAGE_LAN_EXPOSRE", "LANRAGE_LAN_EXPOSURE is meant, perhaps"),
            ("LANRAGE_lan_exposure", "LANRAGE_LAN_EXPOSURE is meant, perhaps"),
            ("LANRAGE_LOGLEVEL", "LANRAGE_LOG_LEVEL is meant, perhaps"),
            ("LANRAGE_SOKET", "LANRAGE_SOCKET is meant, perhaps"),
            ("LANRAGE_COLOUR", "lanrage settings list names all"),
        ):
            self.assertEqual(unknown_variables(SCHEMA, [name]), [told.format(name, hint)])
        self.assertEqual(len(unknown_variables(SCHEMA, [f"LANRAGE_{number}" for number in range(40)])), UNKNOWN_SHOWN)

    def test_ours_are_known(self) -> None:
        """Whatever variable the package, its units and its tests name is no unknown one."""
        texts = [path.read_text(encoding="utf-8") for folder in ("lanrage", "packaging") for path in _files(folder)]
        texts += [path.read_text(encoding="utf-8") for path in (*_files("tests/kernel"), *_files("tests/lab"))]
        names = {name for text in texts for name in re.findall(r"\bLANRAGE_[A-Z_]*[A-Z]\b", text)}
        self.assertGreater(len(names), 5)
        self.assertEqual(unknown_variables(SCHEMA, names), [])


def _files(folder: str) -> list[Path]:
    return [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]


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
