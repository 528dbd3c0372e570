"""What real parts tell of themselves: links in memory, the LAN plane, a relay, a control server's desk."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app import metrics_of_control, metrics_of_node
from lanrage.app.lan import LanPlane
from lanrage.app.metrics_of_relay import RelayReadings
from lanrage.app.peer_link import PeerLink
from lanrage.app.relay import RelayPlan, RelayService
from lanrage.core.candidates import CandidateKind
from lanrage.core.identity import fingerprint
from lanrage.core.lan_frames import Drop
from lanrage.core.metric_names import BY_NAME
from lanrage.core.metric_reading import Reading
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_counters import RelayCounters
from lanrage.core.relay_report import RelayReport
from lanrage.store.counters import JournalCounters
from tests.app.links_case import LinksCase

Values = dict[tuple[str, tuple[str, ...]], float]


def values(readings: Any) -> Values:
    """By name and labels; each is in the table, with as many labels as the table says, and comes once."""
    found: Values = {}
    for name, labels, value in readings:
        assert len(labels) == len(BY_NAME[name].labels), name
        assert (name, labels) not in found, name
        found[name, labels] = value
    return found


class PeerTests(LinksCase):
    """Two players' links."""

    def read(self, link: PeerLink, online: bool = True) -> Values:
        """What a link says."""
        return values(metrics_of_node.peer(link, online, self.world.clock.seconds() + 5.0))

    def test_up(self) -> None:
        """With a session and an open path: quality of the path in use and of each kind, bytes, age of the handshake."""
        anna, bert = self.two()
        self.world.run(20.0)
        link = anna.links.peers[bert.keys.identity.public]
        found = self.read(link)
        who = (str(bert.address),)
        path = link.plan.current
        assert path is not None
        assert link.status is not None
        self.assertEqual(
            1.0, found["lanrage_peer_info", (*who, bert.name, fingerprint(bert.keys.identity.public).hex())]
        )
        for name, value in (("up", 1.0), ("lost", 0.0), ("online", 1.0), ("relayed", 0.0)):
            self.assertEqual(value, found[f"lanrage_peer_{name}", who], name)
        self.assertEqual(path.quality.rtt, found["lanrage_peer_rtt_seconds", who])
        self.assertEqual(path.quality.score, found["lanrage_peer_quality_score", who])
        self.assertEqual(float(link.status.rx_bytes), found["lanrage_peer_received_bytes_total", who])
        kinds = {labels[1] for name, labels in found if name == "lanrage_path_rtt_seconds"}
        self.assertEqual({str(each.candidate.kind) for each in link.plan.paths.values() if each.proven}, kinds)
        self.assertLessEqual(kinds, {str(kind) for kind in CandidateKind})

    def test_lost(self) -> None:
        """Who is online and not reached is lost; who is offline is not."""
        anna, bert = self.two()
        self.world.run(20.0)
        link = anna.links.peers[bert.keys.identity.public]
        who = (str(bert.address),)
        bert.stop()
        self.world.run(60.0)
        found = self.read(link)
        self.assertEqual((0.0, 1.0), (found["lanrage_peer_up", who], found["lanrage_peer_lost", who]))
        self.assertNotIn(("lanrage_peer_rtt_seconds", who), found)
        self.assertEqual(0.0, self.read(link, online=False)["lanrage_peer_lost", who])


class NobodyTests(SynchronousTestCase):
    """A node that takes part in nothing."""

    def test_idle(self) -> None:
        """It says so, and no more."""
        self.assertEqual(
            {("lanrage_node_in_party", ()): 0.0, ("lanrage_node_control_connected", ()): 0.0},
            values(metrics_of_node.party(None, 0.0)),
        )
        self.assertEqual({}, values(metrics_of_node.lan(None)))


class FakeGuarding:
    """Counts."""

    def counters(self) -> dict[str, int]:
        """See :class:`lanrage.app.guarding.Guarding`."""
        return {"guard_refused": 3, "guard_restored": 1}


class FakeSession:
    """A session of a LAN plane alone."""

    links = None

    def __init__(self, lan: LanPlane) -> None:
        self.lan, self.guarding = lan, FakeGuarding()


class LanTests(SynchronousTestCase):
    """The LAN plane's counters."""

    def test_all_parts(self) -> None:
        """Every counter becomes one reading: refusals by their closed set of reasons, the sum not twice."""
        counted = {f"dropped_{reason.value}": 1 for reason in Drop}
        counted |= {"dropped_packets": len(Drop), "forwarded_packets": 7, "packets_deduplicated": 2}
        counted |= {"leases_live": 4, "interest_messages": 5, "dedup_false_positives": 0}

        class Plane:
            """Counts."""

            def counters(self) -> dict[str, int]:
                """See :class:`LanPlane`."""
                return dict(counted)

        found = values(metrics_of_node.lan(FakeSession(Plane())))  # type: ignore[arg-type]
        self.assertEqual(
            {(reason.value,) for reason in Drop},
            {labels for name, labels in found if name == "lanrage_lan_dropped_frames_total"},
        )
        self.assertEqual(7.0, found["lanrage_lan_forwarded_frames_total", ()])
        self.assertEqual(2.0, found["lanrage_lan_deduplicated_frames_total", ()])
        self.assertEqual(4.0, found["lanrage_lan_standing", ("leases_live",)])
        self.assertEqual(5.0, found["lanrage_lan_events_total", ("interest_messages",)])
        self.assertEqual(3.0, found["lanrage_guard_refused_packets_total", ()])
        self.assertEqual(len(counted) - 1 + 2, len(found))


class FakeRelay:
    """A relay's face towards who measures it."""

    def __init__(self) -> None:
        self.plan, self.limits = RelayPlan(full=1000.0), RelayLimits()
        self.draining, self.in_kernel = False, True
        self.counted = {"bindings": 2, "kernel_lines": 4} | RelayCounters().as_dict()

    def counters(self) -> dict[str, int]:
        """See :class:`RelayService`."""
        return self.counted


class RelayTests(SynchronousTestCase):
    """A relay."""

    def test_load(self) -> None:
        """By packets a second since the reading before; drops by reason; a relay that is not there says nothing."""
        relay: Any = FakeRelay()
        readings = RelayReadings()
        values(readings.read(relay, 0.0))
        relay.counted |= {"packets": 1500, "bytes": 9000, "dropped_limited": 6}
        found = values(readings.read(relay, 2.0))
        self.assertEqual(0.75, found["lanrage_relay_load_ratio", ()])
        self.assertEqual(
            (1500.0, 9000.0),
            (found["lanrage_relay_forwarded_packets_total", ()], found["lanrage_relay_forwarded_bytes_total", ()]),
        )
        self.assertEqual(6.0, found["lanrage_relay_dropped_packets_total", ("limited",)])
        self.assertEqual(
            (2.0, 4.0, 1.0),
            tuple(found[f"lanrage_relay_{name}", ()] for name in ("bindings", "kernel_lines", "in_kernel")),
        )
        self.assertEqual({}, values(readings.read(None, 3.0)))
        stopped = RelayService(Clock(), b"k" * 32, (1, 1))
        self.assertEqual({}, values(readings.read(stopped, 4.0)))

    def test_another_relay(self) -> None:
        """One that was started anew is measured from its own beginning."""
        readings, first, second = RelayReadings(), FakeRelay(), FakeRelay()
        first.counted |= {"packets": 10**9}
        one: Any = first
        values(readings.read(one, 0.0))
        other: Any = second
        values(readings.read(other, 1.0))
        second.counted |= {"packets": 500}
        self.assertEqual(0.5, values(readings.read(other, 2.0))["lanrage_relay_load_ratio", ()])


class FakeJournal:
    """A journal's face."""

    def __init__(self) -> None:
        self.counters, self.waiting, self.trouble = JournalCounters(queued=9, batches=2), 3, "the disk is full"
        self.counters.flush.add(0.25)


class FakeKeeper:
    """What a control server knows of its relays."""

    def __init__(self, report: RelayReport) -> None:
        self.report = report

    def facts(self) -> list[dict[str, object]]:
        """See :class:`lanrage.app.relay_keeper.RelayKeeper`."""
        return [
            {"relay": "a:1-2", "state": "up", "load": self.report.load},
            {"relay": "b\x00:1-2" + "x" * 99, "state": "silent"},
            {"relay": "c:1-2", "state": "unreported"},
        ]


class ControlTests(SynchronousTestCase):
    """A control server's parts; the server as a whole is in tests/app/test_metering.py."""

    def test_journal(self) -> None:
        """What it wrote, what waits, and that it is stuck."""
        journal: Any = FakeJournal()
        found = values(metrics_of_control.journal(journal))
        self.assertEqual(
            (9.0, 2.0, 3.0, 1.0),
            tuple(
                found[f"lanrage_journal_{name}", ()] for name in ("changes_total", "batches_total", "waiting", "stuck")
            ),
        )
        self.assertEqual(
            (0.25, 0.25),
            (found["lanrage_journal_flush_seconds_total", ()], found["lanrage_journal_flush_p99_seconds", ()]),
        )

    def test_relays(self) -> None:
        """By name, cut and printable; nothing is known of one that never reported."""
        keeper: Any = FakeKeeper(RelayReport("a", 1, 2, load=0.5))
        found = list(metrics_of_control.relays(keeper))
        self.assertEqual(
            [
                Reading("lanrage_control_relay_up", ("a:1-2",), 1.0),
                Reading("lanrage_control_relay_load_ratio", ("a:1-2",), 0.5),
            ],
            found[:2],
        )
        self.assertEqual([64], [len(each.labels[0]) for each in found[2:]])
        self.assertTrue(found[2].labels[0].isprintable())
