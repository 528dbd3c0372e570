"""``docs/operations``: dashboard, alert rules and page speak of metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.alert_rules import AlertLimits, rules
from lanrage.core.metric_names import BY_NAME, reference

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "operations"
METRIC = re.compile(r"\blanrage_[a-z0-9_]+")
LABELS = re.compile(r"\$labels\.([a-z]+)")
AROUND = {"instance", "job"}
"""Labels that Prometheus adds."""
RATED = re.compile(r"\b(?:rate|increase)\((lanrage_[a-z0-9_]+)")


def expressions(panel: dict[str, Any]) -> list[str]:
    """Of a panel of the dashboard."""
    return [target["expr"] for target in panel.get("targets", [])]


def labels_of(expression: str) -> set[str]:
    """All labels that the metrics of an expression have."""
    return AROUND | {label for name in METRIC.findall(expression) for label in BY_NAME[name].labels}


class FileCase(SynchronousTestCase):
    """What both files must keep to."""

    def check(self, expression: str) -> None:
        """Its metrics are in the table; counters, and they alone, are asked for their rate; labels exist."""
        names = METRIC.findall(expression)
        self.assertEqual([], [name for name in names if name not in BY_NAME], expression)
        counters = sorted(name for name in names if BY_NAME[name].kind == "counter")
        self.assertEqual(sorted(RATED.findall(expression)), counters, expression)
        for words in re.findall(r"(?:\bby|\bon|\bgroup_left) \(([a-z, ]+)\)", expression):
            self.assertLessEqual(set(words.split(", ")), labels_of(expression), expression)
        self.assertEqual(expression.count("("), expression.count(")"), expression)


class RulesTests(FileCase):
    """``alerts.yml``."""

    def setUp(self) -> None:
        """Read it."""
        (group,) = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
        self.rules: list[dict[str, Any]] = group["rules"]

    def test_rules(self) -> None:
        """Each names metrics and labels that there are, and has a severity and a sentence."""
        self.assertEqual(len(self.rules), len({rule["alert"] for rule in self.rules}))
        for rule in self.rules:
            self.check(rule["expr"])
            self.assertIn(rule["labels"]["severity"], ("info", "warning", "critical"))
            used = set(LABELS.findall(rule["annotations"]["summary"]))
            self.assertLessEqual(used, labels_of(rule["expr"]), rule["alert"])
            self.assertRegex(rule.get("for", "0s"), r"^\d+[sm]$")

    def test_our_own_alerts_are_there(self) -> None:
        """What LANrage warns of by itself, Prometheus warns of by the same limits."""
        text = " ".join(rule["expr"] for rule in self.rules)
        for rule in rules(AlertLimits()):
            self.assertIn(rule.metric, text)
        for limit in ("lanrage_peer_quality_score < 60", "memory_bytes > 1073741824", "lag_seconds > 0.25", "> 0.9"):
            self.assertIn(limit, text)


class DashboardTests(FileCase):
    """``grafana-lanrage.json``."""

    def setUp(self) -> None:
        """Read it."""
        self.board: dict[str, Any] = json.loads((FOLDER / "grafana-lanrage.json").read_text(encoding="utf-8"))

    def test_panels(self) -> None:
        """Each shows metrics that there are, by labels that there are, of the chosen instances alone."""
        shown = [panel for panel in self.board["panels"] if panel["type"] != "row"]
        self.assertGreater(len(shown), 20)
        for panel in shown:
            self.assertTrue(expressions(panel), panel["title"])
            for target in panel["targets"]:
                self.check(target["expr"].replace('{instance=~"$instance"}', ""))
                every = len(METRIC.findall(target["expr"]))
                self.assertEqual(every, target["expr"].count('{instance=~"$instance"}'), target["expr"])
                used = set(re.findall(r"\{\{([a-z]+)\}\}", target["legendFormat"]))
                self.assertLessEqual(used, labels_of(target["expr"]), target)

    def test_places(self) -> None:
        """No two panels have one id, or lie on each other."""
        panels = self.board["panels"]
        self.assertEqual(len(panels), len({panel["id"] for panel in panels}))
        cells = [
            (x, y)
            for panel in panels
            for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
            for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
        ]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertEqual(23, max(x for x, _ in cells))

    def test_variables(self) -> None:
        """The data source and the instances are chosen by whoever looks."""
        variables = {each["name"]: each for each in self.board["templating"]["list"]}
        self.assertEqual({"datasource", "instance"}, set(variables))
        self.check(variables["instance"]["query"])


class PageTests(SynchronousTestCase):
    """``monitoring.rst``."""

    def setUp(self) -> None:
        """Read it."""
        self.text = (FOLDER / "monitoring.rst").read_text(encoding="utf-8")

    def test_table(self) -> None:
        """It holds the table as the code gives it."""
        self.assertIn(reference(), self.text)

    def test_alerts(self) -> None:
        """It names each alert and each limit with its usual value."""
        for rule in rules(AlertLimits()):
            self.assertIn(f"``{rule.name}``", self.text)
        usual = AlertLimits()
        for name in AlertLimits.names():
            self.assertIn(f"{name}={getattr(usual, name.replace('-', '_')):g}", self.text)
