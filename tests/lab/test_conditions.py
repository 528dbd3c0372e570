"""Weather as values, rules and tables."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import BadInput
from lanrage.lab.conditions import (
    PUBLIC,
    RELAY2,
    Conditions,
    Weather,
    delays,
    lan_ruleset,
    needs_delay,
    parse_between,
    wan_ruleset,
)
from lanrage.lab.folder import Record
from lanrage.lab.plan import make_plan

PLAN = make_plan("x", ["open", "cone", "restricted", "lan"])
values = st.none() | st.floats(0, 100)
conditions = st.builds(Conditions, values, values, st.booleans())
pairs = st.sampled_from([("h1", "h2"), ("h1", "h3"), ("h2", "public"), ("h2", "relay2"), ("h2", "h4")])
weathers = st.builds(Weather, conditions, st.dictionaries(pairs, conditions))


class WeatherTests(SynchronousTestCase):
    """Changes, bounds, and what comes of them."""

    @given(weathers)
    def test_record(self, weather: Weather) -> None:
        """What is written down is read back the same."""
        record = Record("x", ("open", "lan"), weather, 7, "code")
        self.assertEqual(Record.from_json(record.to_json()), record)

    @given(weathers)
    def test_rules_name_both_directions(self, weather: Weather) -> None:
        """Each pair's rules are there in both directions, or in none."""
        lines = wan_ruleset(PLAN, weather).splitlines()
        ways = {tuple(line.split()[2:5:2]) for line in lines if line.startswith("  ip saddr") and "ip daddr" in line}
        sources = {(line.split()[2], line.split()[5]) for line in lines if line.startswith("  ip saddr")}
        self.assertEqual({(b, a) for a, b in sources}, sources)
        self.assertEqual(bool(ways), bool(weather.pairs))

    @given(weathers)
    def test_delay_table(self, weather: Weather) -> None:
        """The delay router is needed exactly when some way has a delay, and its table has every such way."""
        table = delays(PLAN, weather)
        self.assertEqual(needs_delay(weather), any(table.values()))

    def test_change(self) -> None:
        """A command changes what it names and leaves the rest."""
        weather = Weather().change(("h1", "h2"), 5, None, None).change(("h1", "h2"), None, 20, None)
        self.assertEqual(weather.pairs, {("h1", "h2"): Conditions(5, 20)})
        self.assertEqual(weather.change(None, 1, None, None).whole, Conditions(1))
        for loss, delay in ((101, None), (-1, None), (None, -1), (None, 6000)):
            with self.assertRaises(BadInput):
                weather.change(None, loss, delay, None)

    def test_between(self) -> None:
        """Names and indices mean the same; anything but two different ones is refused."""
        self.assertEqual(parse_between(PLAN, "2,1"), ("h1", "h2"))
        self.assertEqual(parse_between(PLAN, "h3, public"), ("h3", PUBLIC))
        for text in ("1", "1,1", "1,2,3", "1,9", "", "public,public", "public,relay2"):
            with self.assertRaises(BadInput):
                parse_between(PLAN, text)

    def test_second_relay(self) -> None:
        """What is said of the second relay's address comes before what is said of the public host."""
        weather = Weather(pairs={("h1", PUBLIC): Conditions(delay_ms=5), ("h1", RELAY2): Conditions(1, 40)})
        self.assertEqual(delays(PLAN, weather)["203.0.113.11 203.0.113.2"], 40)
        self.assertEqual(delays(PLAN, weather)["203.0.113.11 203.0.113.1"], 5)
        words = "203.0.113.11 ip daddr 203.0.113.2 "
        rules = [line for line in wan_ruleset(PLAN, weather).splitlines() if words in line]
        self.assertIn("numgen", next(line for line in rules if "mark" not in line))

    def test_one_lan(self) -> None:
        """A pair behind one router is the bridge's, and a delay is refused there."""
        weather = Weather(pairs={("h3", "h4"): Conditions(10)})
        self.assertNotIn("192.168", wan_ruleset(PLAN, weather))
        self.assertEqual(lan_ruleset(PLAN, 3, weather).count("numgen"), 2)
        self.assertNotIn("numgen", lan_ruleset(PLAN, 2, weather))
        with self.assertRaises(BadInput):
            lan_ruleset(PLAN, 3, weather.change(("h3", "h4"), None, 5, None))
