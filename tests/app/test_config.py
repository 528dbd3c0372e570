"""The roles' options: what is right is read as it stands, what is wrong is refused by the option's name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.config import (
    AllConfig,
    ControlConfig,
    NodeConfig,
    RelayConfig,
    default_folder,
    default_run_folder,
    parse_public_key,
    parse_relay,
)
from lanrage.app.control_door import DoorSettings
from lanrage.app.machinery import Devices
from lanrage.app.reflector import Alternate
from lanrage.app.relay import RelayPlan
from lanrage.app.service import AllOptions, ControlOptions, NodeOptions, RelayOptions
from lanrage.core.admission import Registration
from lanrage.core.links import WIREGUARD_PORT
from lanrage.core.origins import Proxies
from lanrage.core.relay_choice import Weights
from lanrage.core.settings_limits import RELAY_PORTS, RELAY_PORTS_LIMIT
from lanrage.core.settings_texts import parse_port, parse_ports
from lanrage.core.settings_web import WEB_PORT, WebListen
from lanrage.errors import BadInput
from lanrage.store.certificate import CertificateFiles
from lanrage.wire.control import RelayInfo

KEY = "0123456789abcdef" * 4
FOLDERS = ["--state-dir", "/s", "--run-dir", "/r"]


def options(kind: type, *words: str) -> dict[str, str]:
    """The options of a role as twistd gives them."""
    parsed = kind()
    parsed.parseOptions(list(words))
    return dict(parsed)


class ConfigCase(SynchronousTestCase):
    """What is refused."""

    def refused(self, field: str, work: Callable[[], object]) -> str:
        """It is refused by this option's name, in one sentence; the rule."""
        with self.assertRaises(BadInput) as caught:
            work()
        self.assertEqual(field, caught.exception.field)
        self.assertNotIn("\n", str(caught.exception))
        return caught.exception.rule


class PartTests(ConfigCase):
    """Ports, ranges, relays, keys."""

    @given(st.integers(0, 65535))
    def test_port(self, port: int) -> None:
        """Each port is itself; 0 where it means any."""
        self.assertEqual(port, parse_port(str(port), "p", zero=True))
        if port:
            self.assertEqual(port, parse_port(str(port), "p"))

    @given(st.text(max_size=6) | st.integers(65536).map(str) | st.integers(max_value=-1).map(str))
    def test_no_port(self, text: str) -> None:
        """Anything else is refused."""
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
            self.refused("p", lambda: parse_port(text, "p"))

    def test_odd_numbers(self) -> None:
        """Digits of another script, blanks, and a number of a million digits are no ports."""
        for text in ("\u0663", " 5", "5 ", "1e3", "0x5", "+5", "9" * 1_000_000, "00080", ""):
            if text != "00080":
                self.refused("p", lambda text=text: parse_port(text, "p"))  # type: ignore[misc]
        self.assertEqual(80, parse_port("00080", "p"))

    @given(st.integers(1, 65535), st.integers(1, 65535))
    def test_ports(self, first: int, last: int) -> None:
        """A range holds 1 to 256 ports, in order."""
        text = f"{first}-{last}"
        if first <= last < first + RELAY_PORTS_LIMIT:
            self.assertEqual((first, last), parse_ports(text, "ports"))
        else:
            self.refused("ports", lambda: parse_ports(text, "ports"))
        self.assertEqual((first, first), parse_ports(str(first), "ports"))

    def test_policy(self) -> None:
        """Registration, its token's file, and the file of bans; the token is the file's first line."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-config-"))
        self.addCleanup(shutil.rmtree, folder)
        file = folder / "token"
        file.write_text("  the token of the club \nmore\n", encoding="utf-8")
        words = ["--registration", "token", "--registration-token-file", str(file), "--ban-file", "/b"]
        config = ControlConfig.parse(options(ControlOptions, *FOLDERS[:2], *words))
        self.assertEqual(Registration("token", "the token of the club"), config.registration)
        self.assertEqual(Path("/b"), config.ban_file)
        self.assertNotIn("club", repr(config))
        (folder / "empty").write_bytes(b"\n")
        (folder / "long").write_bytes(b"x" * 257)
        (folder / "binary").write_bytes(b"\xff")
        for name in ("none", "empty", "long", "binary"):
            wrong = options(ControlOptions, *words) | {"registration-token-file": str(folder / name)}
            self.refused("registration-token-file", lambda wrong=wrong: ControlConfig.parse(wrong))  # type: ignore[misc]
        self.refused("registration", lambda: ControlConfig.parse(options(ControlOptions, "--registration", "ajar")))
        alone = options(ControlOptions, "--registration", "token")
        self.refused("registration-token-file", lambda: ControlConfig.parse(alone))

    def test_relay(self) -> None:
        """By name, address, IPv6 address in brackets; an empty host is the control server's own."""
        right = {
            "relay.example.org:7800-7863": RelayInfo("relay.example.org", 7800, 7863),
            "203.0.113.5:7800": RelayInfo("203.0.113.5", 7800, 7800),
            "[2001:db8::1]:7800-7801": RelayInfo("2001:db8::1", 7800, 7801),
            ":7800-7801": RelayInfo("", 7800, 7801),
        }
        self.assertEqual(right, {text: parse_relay(text, "relay") for text in right})
        for wrong in ("", "7800-7801", "host:", "host:0", "2001:db8::1:7800", "a b:7800", "host:7800-7801-7802"):
            self.refused("relay", lambda wrong=wrong: parse_relay(wrong, "relay"))  # type: ignore[misc]

    def test_public_key(self) -> None:
        """In digits, or in a file."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "server.pub").write_text(KEY + "\n", "ascii")
        (folder / "binary").write_bytes(b"\xff" * 32)
        self.assertEqual(bytes.fromhex(KEY), parse_public_key(KEY, "server-key"))
        self.assertEqual(bytes.fromhex(KEY), parse_public_key(f"@{folder}/server.pub", "server-key"))
        wrong = ("", KEY[:-1], KEY[:-2], KEY + "00", "g" * 64, f"@{folder}/none", f"@{folder}/binary", f"@{folder}")
        for text in wrong:
            self.refused("server-key", lambda text=text: parse_public_key(text, "server-key"))  # type: ignore[misc]

    def test_folders(self) -> None:
        """Root's are the system's; a user's are the user's own."""
        home = Path.home()
        user = {"XDG_DATA_HOME": "/home/u/data", "XDG_RUNTIME_DIR": "/run/user/5"}
        self.assertEqual(Path("/var/lib/lanrage"), default_folder(user, root=True))
        self.assertEqual(Path("/run/lanrage"), default_run_folder(user, root=True))
        self.assertEqual(Path("/home/u/data/lanrage"), default_folder(user, root=False))
        self.assertEqual(Path("/run/user/5/lanrage"), default_run_folder(user, root=False))
        self.assertEqual(home / ".local/share/lanrage", default_folder({}, root=False))
        self.assertEqual(home / ".local/share/lanrage/run", default_run_folder({}, root=False))


class RoleTests(ConfigCase):
    """Whole configurations."""

    def test_node(self) -> None:
        """Defaults, and every option."""
        default = NodeConfig(
            Path("/s"),
            Path("/r"),
            Devices("lanrage-wg0", "auto", "lanrage0", WIREGUARD_PORT, map_port=True),
            web=WebListen("127.0.0.1", WEB_PORT),
        )
        self.assertEqual(default, NodeConfig.parse(options(NodeOptions, *FOLDERS)))
        words = "--tunnel-device wg7 --card party0 --wireguard-port 0 --wireguard userspace --server host:7766"
        words += " --port-mapping off --birthday off --web-listen="
        devices = Devices("wg7", "userspace", "party0", 0, birthday=False)
        given_words = options(NodeOptions, *FOLDERS, *words.split())
        self.assertEqual(NodeConfig(Path("/s"), Path("/r"), devices, "host:7766"), NodeConfig.parse(given_words))
        self.assertEqual(attrs.evolve(default, server="a:1"), default.with_server("a:1"))

    def test_node_refusals(self) -> None:
        """Each wrong option by its name."""
        wrong = {
            "tunnel-device": ("", "a" * 16, "a/b", "..", "a b", "\u00e9"),
            "card": ("", "lanrage0:1", "."),
            "wireguard-port": ("", "-1", "65536", "x"),
            "wireguard": ("", "Kernel", "module"),
            "birthday": ("", "On", "yes", "0"),
            "port-mapping": ("", "on", "AUTO"),
            "server": ("host", "host:0", ":7766", "host:99999", "http://host:7766"),
        }
        for name, values in wrong.items():
            for value in values:
                words = options(NodeOptions, *FOLDERS) | {name: value}
                self.refused(name, lambda words=words: NodeConfig.parse(words))  # type: ignore[misc]

    def test_control(self) -> None:
        """Defaults, and every option; a public address without a port has the usual one."""
        self.assertEqual(ControlConfig(Path("/s")), ControlConfig.parse(options(ControlOptions, *FOLDERS[:2])))
        words = "--listen tcp:1 --stun-port 2 --public-address example.org --relay a:3-4,:5 --flush-interval 10"
        words += " --port-mapping auto"
        relays = (RelayInfo("a", 3, 4), RelayInfo("", 5, 5))
        expected = ControlConfig(
            Path("/s"),
            "tcp:1",
            2,
            "example.org:7766",
            relays,
            flush_interval=0.01,
            alternate=Alternate(3, needed=False),
            map_ports=True,
        )
        self.assertEqual(expected, ControlConfig.parse(options(ControlOptions, *FOLDERS[:2], *words.split())))
        words = "--tls-certificate /c --tls-key /k --proxy 127.0.0.1,10.0.0.0/24,unix"
        door = DoorSettings(CertificateFiles(Path("/c"), Path("/k")), Proxies.parse("127.0.0.1,10.0.0.0/24,unix", ""))
        parsed = ControlConfig.parse(options(ControlOptions, *FOLDERS[:2], *words.split()))
        self.assertEqual(ControlConfig(Path("/s"), door=door), parsed)
        wrong = {
            "tls-key": ("/k",),
            "tls-certificate": ("/c",),
            "proxy": ("proxy.example.org", "10.0.0.1/8", "0.0.0.0/0"),
            "stun-port": ("0", "x", "70000"),
            "public-address": ("a b", "host:0", "2001:db8::1"),
            "stun-alternate": ("example.org", ":0", ":3478"),
            "relay": ("a", "a:1-2,b", "a:2-1"),
            "flush-interval": ("9", "10001", "", "-100", "0.1", "1e2", "\u0663\u0663", "9" * 100_000),
        }
        for name, values in wrong.items():
            for value in values:
                given_words = options(ControlOptions, *FOLDERS[:2]) | {name: value}
                field = {"tls-key": "tls-certificate", "tls-certificate": "tls-key"}.get(name, name)
                self.refused(field, lambda words=given_words: ControlConfig.parse(words))  # type: ignore[misc]

    def test_relay(self) -> None:
        """The key is needed; the rest has defaults."""
        self.assertEqual(
            RelayConfig(bytes.fromhex(KEY), RELAY_PORTS, "", state_dir=Path("/s")),
            RelayConfig.parse(options(RelayOptions, *FOLDERS[:2], "--server-key", KEY)),
        )
        words = (*FOLDERS[:2], "--server-key", KEY, "--ports", "1-2", "--host", "203.0.113.1")
        expected = RelayConfig(bytes.fromhex(KEY), (1, 2), "203.0.113.1", state_dir=Path("/s"))
        self.assertEqual(expected, RelayConfig.parse(options(RelayOptions, *words)))
        self.assertIn("needs", self.refused("server-key", lambda: RelayConfig.parse(options(RelayOptions))))
        told = (*words, "--control", "play.example.org", "--region", "eu", "--public-host", "relay.example.org")
        plan = RelayPlan("eu", "relay.example.org", 0.5, 100.0)
        read = RelayConfig.parse(options(RelayOptions, *told, "--drain", "0.5", "--full-load", "100"))
        self.assertEqual(attrs.evolve(expected, control="play.example.org:7766", plan=plan), read)
        wrong = [
            ("ports", "2-1"),
            ("host", "relay.example.org"),
            ("host", "1.2.3"),
            ("region", "a b"),
            ("drain", "61"),
            ("mode", "x"),
        ]
        for name, value in (
            *wrong,
            ("drain", "61"),
            ("drain", "nan"),
            ("full-load", "0"),
            ("control", "a b"),
            ("public-host", "a b"),
        ):
            given_words = options(RelayOptions, *words) | {name: value}
            self.refused(name, lambda words=given_words: RelayConfig.parse(words))  # type: ignore[misc]

    def test_relays_of_others(self) -> None:
        """Which relays may report to a server, and how a node chooses among them."""
        words = options(ControlOptions, *FOLDERS[:2], "--relay-key", f"{KEY},{'ab' * 32}")
        self.assertEqual({bytes.fromhex(KEY), b"\xab" * 32}, ControlConfig.parse(words).relay_keys)
        self.refused("relay-key", lambda: ControlConfig.parse(words | {"relay-key": "short"}))
        chosen = options(NodeOptions, *FOLDERS, "--relay-region", "eu", "--relay-weights", "load=5,patience=1.5")
        config = NodeConfig.parse(chosen)
        self.assertEqual(("eu", Weights(load=5.0, patience=1.5)), (config.region, config.weights))
        for value in ("load", "load=x", "load=-1", "load=inf", "speed=1", "load=1,,"):
            words = chosen | {"relay-weights": value}
            self.refused("relay-weights", lambda words=words: NodeConfig.parse(words))  # type: ignore[misc]
        self.refused("relay-region", lambda: NodeConfig.parse(chosen | {"relay-region": "\u00e9"}))

    def test_all(self) -> None:
        """Everything on one machine: the own relay comes first in what nodes are told of."""
        words = [*FOLDERS, "--ports", "7-9", "--relay", "a:3-4"]
        expected = AllConfig(
            ControlConfig(Path("/s"), relays=(RelayInfo("", 7, 9), RelayInfo("a", 3, 4)), map_ports=True),
            (7, 9),
            NodeConfig(Path("/s"), Path("/r"), Devices(map_port=True), web=WebListen("127.0.0.1", WEB_PORT)),
        )
        self.assertEqual(expected, AllConfig.parse(options(AllOptions, *words)))
        for name, value in (("ports", "x"), ("stun-port", "x"), ("card", "a/b"), ("mode", "")):
            given_words = options(AllOptions, *words) | {name: value}
            self.refused(name, lambda words=given_words: AllConfig.parse(words))  # type: ignore[misc]
