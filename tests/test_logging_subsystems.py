"""The table of subsystems names each, and every module that logs belongs to one of them."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from lanrage.logs.subsystems import NAMES, OTHER, SUBSYSTEMS, subsystem_of

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = (
    *("config", "settings", "control", "control_client", "party", "ip_pool", "network", "nat", "connection", "relay"),
    *("broadcast", "games", "server_browser", "metrics", "profiler", "tasks", "discord", "api"),
)


class SubsystemTests(SynchronousTestCase):
    """:data:`SUBSYSTEMS`."""

    def test_names(self) -> None:
        """An operator's filters rely on them."""
        self.assertEqual(EXPECTED, NAMES)

    def test_every_logger_has_one(self) -> None:
        """No line of the package is without."""
        without = []
        for path in sorted((ROOT / "lanrage").rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if ("Logger()" in text or "get_logger(__name__)" in text) and subsystem_of(module) == OTHER:
                without.append(module)
        self.assertEqual([], without)

    def test_longest_counts(self) -> None:
        """A class' namespace is its module's; a longer beginning wins; what is not ours is the libraries'."""
        for namespace, name in (
            ("lanrage.app.links.Links", "connection"),
            ("lanrage.app.lan_config", "config"),
            ("lanrage.app.lan_flow", "broadcast"),
            ("lanrage.app.control_link.ControlLink", "control_client"),
            ("lanrage.store.journal", "control"),
            ("lanrage.store.replica", "party"),
            ("twisted.internet.base", OTHER),
            ("lanrage", OTHER),
        ):
            self.assertEqual(name, subsystem_of(namespace), namespace)

    def test_no_place_twice(self) -> None:
        """One beginning leads to one subsystem."""
        places = [start for starts in SUBSYSTEMS.values() for start in starts]
        self.assertEqual(len(places), len(set(places)))

    def test_the_page_names_all(self) -> None:
        """docs/logging.rst has the table."""
        page = (ROOT / "docs" / "logging.rst").read_text(encoding="utf-8")
        self.assertEqual([], [name for name in NAMES if f"``{name}``" not in page])
