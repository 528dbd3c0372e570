"""Discovery services between network namespaces: daemons and browsers that nobody here wrote."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.app.test_lan_six_real import address, start
from tests.lan_discovery import Avahi, media_server
from tests.lan_hosts import Program, lan_hosts

NAME = "_lrgame._udp"


class DiscoveryCase(SynchronousTestCase):
    """A folder of its own for the daemons."""

    def setUp(self) -> None:
        """Make it."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-discovery-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)


def counters(plane: Program) -> dict[str, int]:
    """A plane's counters at its end."""
    counted: dict[str, int] = json.loads(plane.end().splitlines()[-1])
    return counted


@pytest.mark.lab
@pytest.mark.needs("root", "tun", "ip", "avahi-daemon", "avahi-browse", "avahi-publish", "dbus-daemon", "unshare")
class MdnsTests(DiscoveryCase):
    """avahi on the LAN card."""

    def test_found(self) -> None:
        """What one publishes the other browses and resolves, by both families, each datagram once, from its address."""
        with lan_hosts(2) as (one, two):
            planes = [start(one, [two], LAN_SERVICES="mdns"), start(two, [one], LAN_SERVICES="mdns")]
            daemons = [Avahi(host, self.folder / str(host.number)) for host in (one, two)]
            one.run("avahi-publish", "-s", "Friday", NAME, "7777", "map=dust", **daemons[0].environment)
            browser = two.run("avahi-browse", "-r", "-p", NAME, **daemons[1].environment)
            lines = sorted(browser.line() for _ in range(4))
            found = [line.split(";") for line in lines]
            self.assertEqual(
                [row[:6] for row in found],
                [[sign, "lanrage0", family, "Friday", NAME, "local"] for sign in "+=" for family in ("IPv4", "IPv6")],
            )
            resolved = {row[2]: row[6:] for row in found if row[0] == "="}
            self.assertEqual(
                resolved,
                {
                    "IPv4": ["host1.local", one.address, "7777", '"map=dust"'],
                    "IPv6": ["host1.local", address(one), "7777", '"map=dust"'],
                },
            )
            self.assertEqual(browser.end(), "")
            sent, received = (counters(plane) for plane in planes)
            self.assertEqual([each["packets_deduplicated"] for each in (sent, received)], [0, 0])
            self.assertEqual(sent["dropped_destination"], 0)

    def test_one_end(self) -> None:
        """Where one member has it off, nothing of it is heard there."""
        with lan_hosts(2) as (one, two):
            planes = [start(one, [two], LAN_SERVICES="mdns"), start(two, [one])]
            daemons = [Avahi(host, self.folder / str(host.number)) for host in (one, two)]
            one.run("avahi-publish", "-s", "Friday", NAME, "7777", **daemons[0].environment)
            browser = two.run("avahi-browse", "-t", "-p", NAME, **daemons[1].environment)
            browser.process.wait(20)
            self.assertEqual(browser.end(), "")
            received = counters(planes[1])
            self.assertEqual(received["injected_packets"], 0)
            self.assertGreater(received["dropped_destination"], 0)


@pytest.mark.lab
@pytest.mark.needs("root", "tun", "ip", "minidlnad", "gssdp-discover")
class SsdpTests(DiscoveryCase):
    """A media server on one LAN card, a browser on another."""

    def test_found(self) -> None:
        """The browser hears of each of its services once, with the party address."""
        with lan_hosts(2) as (one, two):
            for host, other in ((one, two), (two, one)):
                host.start_plane([other.number], LAN_SERVICES="ssdp")
            browser = two.run("gssdp-discover", "-i", "lanrage0", "-n", "10", "--message-type=available")
            while "Showing" not in browser.line():
                pass
            media_server(one, self.folder / "dlna")
            browser.process.wait(20)
            lines = [line.split() for line in browser.end().splitlines()]
            names = [words[1] for words in lines if words[:1] == ["USN:"]]
            places = {words[1] for words in lines if words[:1] == ["Location:"]}
            self.assertEqual((len(names), len(set(names))), (6, 6))
            self.assertEqual(places, {f"http://{one.address}:8200/rootDesc.xml"})
