"""Every setting has a reader: a role that starts with another value becomes another one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from ipaddress import ip_network
from operator import attrgetter
from pathlib import Path
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.config import CONFIGS
from lanrage.app.log_config import LogSettings
from lanrage.app.metering_config import MeteringSettings
from lanrage.app.reflector import Alternate
from lanrage.app.service import AllOptions, ControlOptions, NodeOptions, RelayOptions
from lanrage.app.settings_start import begin
from lanrage.core.alert_rules import AlertLimits
from lanrage.core.exposure import Exposure
from lanrage.core.lan_choices import CaptureFrom, Replicator
from lanrage.core.lan_services import LanService
from lanrage.core.notice_targets import Target, TargetKind
from lanrage.core.notices import NoticeKind
from lanrage.core.play_ports import Span
from lanrage.core.relay_choice import Weights
from lanrage.core.route_leases import RouteLeases
from lanrage.core.setting import ALL, CONTROL, NODE, RELAY
from lanrage.core.settings_schema import SCHEMA, SETTINGS
from lanrage.core.settings_web import WebListen
from lanrage.store.settings import SettingsFile
from lanrage.wire.control import RelayInfo

METERING, LOG = "metering", "log"
"""Stands for any role: what all of them read."""
KEY, OTHER = "ab" * 32, "cd" * 32
OPTIONS: dict[str, Any] = {NODE: NodeOptions, CONTROL: ControlOptions, RELAY: RelayOptions, ALL: AllOptions}


@attrs.frozen
class Reads:
    """What shows that a setting is read.

    :param text: that is stored.
    :param field: of the configuration, which is another by default.
    :param value: of that field then; ``None``: only that it is another.
    :param also: what must be stored with it.
    """

    text: str
    field: str
    value: Any = None
    also: Mapping[str, str] = attrs.field(factory=dict)


LAN = "devices.lan"
NODE_READERS = {
    "links.device": Reads("wg7", "devices.tunnel", "wg7"),
    "games.profiles": Reads("/home/ann/games", "games", Path("/home/ann/games")),
    "lan.card": Reads("lan7", "devices.card", "lan7"),
    "links.port": Reads("0", "devices.port", 0),
    "links.wireguard": Reads("userspace", "devices.kind", "userspace"),
    "links.birthday": Reads("off", "devices.birthday", False),
    "node.server": Reads("play.example.org:1", "server", "play.example.org:1"),
    "node.relay_region": Reads("eu", "region", "eu"),
    "node.relay_weights": Reads("load=7", "weights", Weights(load=7.0)),
    "lan.capture": Reads("party", f"{LAN}.capture", CaptureFrom.PARTY),
    "lan.interest": Reads("off", f"{LAN}.interest", False),
    "lan.replicator": Reads("host", f"{LAN}.replicator", Replicator.HOST),
    "lan.dedup_window": Reads("2.5", f"{LAN}.dedup_window", 2.5),
    "lan.exposure": Reads("games", f"{LAN}.exposure", Exposure.GAMES),
    "lan.ports": Reads("4445/udp", f"{LAN}.ports", (Span("udp", 4445, 4445),)),
    "lan.services": Reads("mdns", f"{LAN}.services", frozenset({LanService.MDNS})),
    "lan.routes": Reads("off", f"{LAN}.routes", RouteLeases.OFF),
    "lan.leases": Reads("off", f"{LAN}.leases", False),
    "net.port_mapping": Reads("off", "devices.map_port", False),
    "games.detect": Reads("off", "detection.detect", False),
    "games.poll": Reads("7.5", "detection.poll", 7.5),
    "games.marks": Reads("off", "devices.marks", False),
    "games.tc_class": Reads("1:1a", "devices.tc_class", (1, 26)),
    "games.announce": Reads("on", "announce", True),
    "desktop.rejoin": Reads("on", "desktop.rejoin", True),
    "desktop.notify": Reads("joined left", "desktop.events", frozenset({NoticeKind.JOINED, NoticeKind.LEFT})),
    "discord.client_id": Reads("123456789012345678", "discord.client_id", "123456789012345678"),
    "discord.join": Reads("on", "discord.join", True),
    "web.listen": Reads("tcp:1:interface=127.0.0.2", "web", WebListen("127.0.0.2", 1)),
}
CONTROL_READERS = {
    "control.listen": Reads("tcp:1", "listen", "tcp:1"),
    "control.tls_certificate": Reads("{folder}/pem", "door.files", None, {"control.tls_key": "{folder}/pem"}),
    "control.tls_key": Reads("{folder}/pem", "door.files", None, {"control.tls_certificate": "{folder}/pem"}),
    "control.proxy": Reads("192.0.2.0/24", "door.proxies.networks", (ip_network("192.0.2.0/24"),)),
    "control.stun_port": Reads("99", "stun_port", 99),
    "control.stun_alternate": Reads(":98", "alternate", Alternate(98)),
    "control.public_address": Reads("play.example.org", "public", "play.example.org:7766"),
    "control.relays": Reads("[2001:db8::1]:7-9", "relays", (RelayInfo("2001:db8::1", 7, 9),)),
    "control.relay_keys": Reads(KEY, "relay_keys", frozenset({bytes.fromhex(KEY)})),
    "control.registration": Reads("closed", "registration.rule", "closed"),
    "control.registration_token_file": Reads(
        "{folder}/token", "registration.token", "0123456789abcdef", {"control.registration": "token"}
    ),
    "control.ban_file": Reads("/etc/bans", "ban_file", Path("/etc/bans")),
    "state.flush_interval": Reads("250", "flush_interval", 0.25),
}
RELAY_READERS = {
    "relay.ports": Reads("9000-9007", "ports", (9000, 9007)),
    "relay.server_key": Reads(OTHER, "server_key", bytes.fromhex(OTHER)),
    "relay.host": Reads("192.0.2.1", "host", "192.0.2.1"),
    "relay.control": Reads("play.example.org", "control", "play.example.org:7766"),
    "relay.public_host": Reads("relay.example.org", "plan.public_host", "relay.example.org"),
    "relay.region": Reads("eu", "plan.region", "eu"),
    "relay.drain": Reads("0.5", "plan.drain", 0.5),
    "relay.mode": Reads("userspace", "plan.mode", "userspace"),
    "relay.full_load": Reads("1000", "plan.full", 1000.0),
}
METERING_READERS = {
    "metrics.listen": Reads("unix:/run/metrics.sock", "listen", "unix:/run/metrics.sock"),
    "metrics.history": Reads("off", "history", False),
    "alerts.limits": Reads("quality=70", "limits", AlertLimits(quality=70.0)),
    "alerts.webhook": Reads("https://hooks.example.org/1", "webhook", "https://hooks.example.org/1"),
}
NTFY, MATRIX = "ntfy=https://ntfy.example.org/a", "matrix=https://matrix.example.org/!a:b"
METERING_READERS |= {
    "notify.targets": Reads(NTFY, "targets", (Target(TargetKind.NTFY, NTFY.partition("=")[2]),)),
    "notify.ntfy_token": Reads(
        "tk", "targets", (Target(TargetKind.NTFY, NTFY.partition("=")[2], token="tk"),), {"notify.targets": NTFY}
    ),
    "notify.matrix_token": Reads(
        "syt",
        "targets",
        (Target(TargetKind.MATRIX, MATRIX.partition("=")[2], token="syt"),),
        {"notify.targets": MATRIX},
    ),
}
LOG_READERS = {
    "log.format": Reads("json", "form", "json"),
    "log.level": Reads("debug,lanrage.net=error", "level", "debug,lanrage.net=error"),
    "log.file": Reads("/var/log/lanrage.log", "file", Path("/var/log/lanrage.log")),
    "log.file_size": Reads("200000", "size", 200_000),
    "log.file_count": Reads("7", "count", 7),
}
READERS = {
    **{name: (NODE, reads) for name, reads in NODE_READERS.items()},
    **{name: (CONTROL, reads) for name, reads in CONTROL_READERS.items()},
    **{name: (RELAY, reads) for name, reads in RELAY_READERS.items()},
    **{name: (METERING, reads) for name, reads in METERING_READERS.items()},
    **{name: (LOG, reads) for name, reads in LOG_READERS.items()},
}
"""By name: in which role, and what shows it."""


class ReaderTests(SynchronousTestCase):
    """All settings."""

    def setUp(self) -> None:
        """A state folder, with files to name."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-readers-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "token").write_text("0123456789abcdef\n")
        (self.folder / "pem").write_text("")

    def config(self, role: str, environment: dict[str, str]) -> Any:
        """A role's configuration, as a start has it."""
        beside = {METERING: MeteringSettings.parse, LOG: LogSettings.parse}
        options = OPTIONS[role if role not in beside else NODE]()
        options["state-dir"] = str(self.folder)
        if role in beside:
            return beside[role](begin(NODE, options, self.folder, environment).options)
        if role == RELAY:
            environment = {"LANRAGE_RELAY_SERVER_KEY": KEY} | environment
        return CONFIGS[role].parse(begin(role, options, self.folder, environment).options)

    def test_every_setting(self) -> None:
        """Each row of the schema stands in the table: a new setting needs a reader, and a line that shows it."""
        self.assertEqual(sorted(READERS), sorted(row.name for row in SCHEMA))

    def test_readers(self) -> None:
        """The value reaches the configuration, which is another without it."""
        for name, (role, reads) in READERS.items():
            values = {each: text.format(folder=self.folder) for each, text in {**reads.also, name: reads.text}.items()}
            get = attrgetter(reads.field)
            before = get(self.config(role, {}))
            after = get(self.config(role, {SETTINGS[each].environment: text for each, text in values.items()}))
            self.assertNotEqual(before, after, name)
            if reads.value is not None:
                self.assertEqual(after, reads.value, name)

    def test_stored(self) -> None:
        """What is stored is read as well: one start with all settings of a role that need no other."""
        for role in (NODE, CONTROL):
            mine = {name: reads for name, (each, reads) in READERS.items() if each == role and not reads.also}
            SettingsFile(self.folder).change({name: reads.text for name, reads in mine.items()})
            config = self.config(role, {})
            for name, reads in mine.items():
                self.assertEqual(attrgetter(reads.field)(config), reads.value, name)

    def test_all(self) -> None:
        """The role that has all others reads what they read."""
        environment = {"LANRAGE_LAN_EXPOSURE": "all", "LANRAGE_STATE_FLUSH_INTERVAL": "20", "LANRAGE_RELAY_DRAIN": "1"}
        config = self.config(ALL, environment | {"LANRAGE_NET_PORT_MAPPING": "off", "LANRAGE_RELAY_PORTS": "5-6"})
        self.assertEqual(config.node.devices.lan.exposure, Exposure.ALL)
        self.assertEqual((config.control.flush_interval, config.plan.drain, config.ports), (0.02, 1.0, (5, 6)))
        self.assertEqual((config.node.devices.map_port, config.control.map_ports), (False, False))

    def test_defaults(self) -> None:
        """What a configuration is by itself is what the schema's defaults make of it: they stand in one place."""
        node, control = self.config(NODE, {}), self.config(CONTROL, {})
        self.assertEqual(attrs.evolve(node.devices, map_port=False), type(node.devices)())
        self.assertEqual(control, type(control)(self.folder))
        relay = self.config(RELAY, {})
        self.assertEqual(relay, type(relay)(bytes.fromhex(KEY), state_dir=self.folder))

    def test_no_option_beside_it(self) -> None:
        """The options of each role are its settings, and the two folders."""
        for role, maker in OPTIONS.items():
            named = {row[0] for row in maker.optParameters} - {"state-dir", "run-dir"}
            self.assertEqual(named, {row.option for row in SCHEMA if role in row.roles}, role)
