"""Every operation that a user waits for is timed: the table and the package say the same."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.timed_operations import TIMED
from lanrage.timing import MARK, TIMINGS, Span
from tests.test_layers import ROOT, sources

NAMES = """
config.load
control_client.initialize control_client.close control_client.request control_client.register_peer
control_client.register_party control_client.join_party
state.flush broadcast.inject broadcast.start_listener game.detect peer.connect
metrics.collect_system metrics.record_latency metrics.flush
profiler.on profiler.off profiler.reset profiler.stats profiler.hotspots profiler.slow profiler.system
rights.check rights.elevate party.start control.set_up ipam.allocate
interface.create interface.add_peer interface.remove_peer nat.detect nat.punch
server.discover server.latency settings.load settings.save settings.activate
""".split()
"""What the plan names, and the metrics' own file."""


def modules() -> Iterator[ModuleType]:
    """All modules of the package, imported."""
    for path in sources("lanrage"):
        if path.name != "__main__.py":
            yield importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def marked(module: ModuleType) -> Iterator[tuple[str, str]]:
    """(operation, place below the package) of all that a module times."""
    for name, value in vars(module).items():
        if isinstance(value, Span):
            yield getattr(value, MARK), f"{module.__name__}.{name}"
        elif getattr(value, "__module__", None) == module.__name__:
            if isinstance(value, type):
                members = [(f"{name}.{key}", getattr(each, "__func__", each)) for key, each in vars(value).items()]
            else:
                members = [(name, value)]
            yield from (
                (getattr(each, MARK), f"{module.__name__}.{called}")
                for called, each in members
                if isinstance(each, FunctionType) and hasattr(each, MARK)
            )


class TableTests(SynchronousTestCase):
    """:data:`lanrage.core.timed_operations.TIMED`."""

    def test_the_set(self) -> None:
        """It names exactly the operations of the plan."""
        self.assertEqual(sorted(TIMED), sorted(NAMES))
        self.assertEqual(len(NAMES), len(set(NAMES)))

    def test_every_place_is_timed(self) -> None:
        """Each operation that is there is timed where the table says, and nowhere else; one to come is nowhere yet."""
        places: dict[str, set[str]] = defaultdict(set)
        for module in modules():
            for operation, place in marked(module):
                places[operation].add(place.removeprefix("lanrage."))
        self.assertEqual(dict(places), {name: set(each.places) for name, each in TIMED.items() if each.places})
        self.assertEqual([name for name, each in TIMED.items() if bool(each.places) == each.later], [])

    def test_nothing_is_timed_beside_it(self) -> None:
        """What this process counts by is in the table, with the table's threshold and sample."""
        list(modules())
        counted: dict[str, tuple[Any, ...]] = {name: (each.slow, each.sample) for name, each in TIMINGS.calls.items()}
        self.assertEqual(counted, {name: (TIMED[name].slow, TIMED[name].sample) for name in counted if name in TIMED})
