"""Settings as TOML."""

from __future__ import annotations

import tomllib

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.setting import NODE
from lanrage.core.settings_schema import SETTINGS
from lanrage.core.settings_toml import TOML_LIMIT, read_toml, write_toml
from lanrage.errors import BadInput
from tests.strategies_settings import changes

SECRET = attrs.evolve(SETTINGS["node.server"], name="node.token", secret=True)
TABLE = {**SETTINGS, "node.token": SECRET}


class TomlTests(SynchronousTestCase):
    """A file."""

    @given(changes)
    def test_round_trip(self, values: dict[str, str]) -> None:
        """What is no secret is read again, with the same meaning, and the same text when it is written once more."""
        text = write_toml(values)
        back = read_toml(text)
        self.assertEqual(
            _meaning(back), _meaning({name: each for name, each in values.items() if not SETTINGS[name].secret})
        )
        self.assertEqual(write_toml(back), text)

    def test_types(self) -> None:
        """Numbers are numbers, switches are true or false."""
        values = {"lan.dedup_window": "2.50", "links.birthday": "off", "links.port": "0", "lan.exposure": "all"}
        expected = {
            "lan": {"dedup_window": 2.5, "exposure": "all"},
            "links": {"birthday": False, "port": 0},
        }
        self.assertEqual(tomllib.loads(write_toml(values)), expected)

    def test_refused(self) -> None:
        """The error names the setting and the rule."""
        for text, field, rule in (
            ("[lan]\nexposed = 1", "lan.exposed", "no setting"),
            ("[lan]\nexposure = 1", "lan.exposure", "one of guarded, games, all"),
            ('[lan]\nexposure = "some"', "lan.exposure", "none of guarded, games, all"),
            ("[lan]\ndedup_window = 61", "lan.dedup_window", "from 0.05 to 60"),
            ("[lan]\ndedup_window = nan", "lan.dedup_window", "from 0.05 to 60"),
            ('[lan]\ndedup_window = "5"', "lan.dedup_window", "is no number"),
            ("[lan]\ndedup_window = true", "lan.dedup_window", "is no number"),
            ('[links]\nbirthday = "on"', "links.birthday", "neither true nor false"),
            ("[links]\nport = 1.0", "links.port", "no whole number"),
            ("[links]\nport = 65536", "links.port", "0 to 65535"),
            ("lan = 1", "lan", "no table"),
            ("[lan", "toml", "no TOML"),
            ("#" * (TOML_LIMIT + 1), "toml", "characters"),
            ("[control]\nstun_port = 1", "control.stun_port", "and this is node"),
        ):
            with self.assertRaises(BadInput) as caught:
                read_toml(text, NODE)
            self.assertEqual(caught.exception.field, field)
            self.assertIn(rule, caught.exception.rule)

    @given(st.text(max_size=60))
    def test_any_text(self, text: str) -> None:
        """Whatever it is: values, or an error of ours."""
        try:
            read_toml(text)
        except BadInput as error:
            self.assertTrue(error.field)

    def test_secrets(self) -> None:
        """They are not written; one that is read is not repeated in an error."""
        self.assertEqual(write_toml({"node.token": "hunter2:1", "lan.card": "x"}, TABLE), '[lan]\ncard = "x"\n')
        self.assertEqual(read_toml('[node]\ntoken = "hunter2:1"', NODE, TABLE), {"node.token": "hunter2:1"})
        for text in ('"hunter2"', "4711"):
            with self.assertRaises(BadInput) as caught:
                read_toml(f"[node]\ntoken = {text}", NODE, TABLE)
            self.assertEqual(str(caught.exception), "node.token: is not HOST:PORT, or empty")


def _meaning(values: dict[str, str]) -> dict[str, object]:
    return {name: SETTINGS[name].rule.parse(text, name) for name, text in values.items()}
