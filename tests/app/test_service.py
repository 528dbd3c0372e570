"""``twistd lanrage``: what is wrong at its start is told in one sentence, with an exit status, without a traceback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.config import AllConfig, ControlConfig, NodeConfig, RelayConfig, folders
from lanrage.app.service import EXIT_USAGE, Options, keep_steady

ROOT = Path(__file__).resolve().parents[2]

KEY = "ab" * 32

WRONG: tuple[tuple[str, str], ...] = (
    ("nonsense", "Unknown command: nonsense"),
    ("node --nope", "option --nope not recognized"),
    ("node --wireguard x", "wireguard: 'x' is none of auto, kernel, userspace"),
    ("node --wireguard-port 99999", "wireguard-port: '99999' is not a port from 0 to 65535"),
    ("node --tunnel-device averyveryverylongname", "tunnel-device: 'averyveryverylongname' is not"),
    ("node --card a/b", "card: 'a/b' has a character that"),
    ("relay", "server-key: a relay needs the control server's key"),
    ("relay --server-key zz", "server-key: a public key is 64 hexadecimal digits"),
    ("relay --server-key @/nonexistent", "server-key: the file /nonexistent cannot be read"),
    (f"relay --server-key {KEY} --mode fast", "mode: 'fast' is none of auto, kernel, userspace"),
    (f"relay --server-key {KEY} --ports 9-8", "ports: '9-8' is not FIRST-LAST"),
    ("control --stun-port 0", "stun-port: '0' is not a port from 1 to 65535"),
    ("control --relay example.org", "relay: 'example.org' is not HOST:FIRST-LAST"),
)
"""Command line, and how its sentence begins."""


def test_time_of_day_moves_no_timer() -> None:
    """A role's timers count by the steady clock, not by the time of day."""
    reactor = Clock()
    keep_steady(reactor)
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= reactor.seconds() <= time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize(("words", "sentence"), WRONG)
def test_wrong_options(words: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence that names the option and the rule, and a status that says whether another try may help."""
    with pytest.raises(SystemExit) as stopped:
        Options().parseOptions(words.split())
    assert stopped.value.code == (1 if "/nonexistent" in words else EXIT_USAGE)
    told = capsys.readouterr().err
    assert told.startswith(f"lanrage: {sentence}")
    assert told.index("\n") == len(told) - 1


class RightTests(SynchronousTestCase):
    """What is right becomes the role's configuration."""

    def config(self, words: str) -> object:
        """The configuration of a command line."""
        options = Options()
        options.parseOptions(words.split())
        return options["config"]

    def test_roles(self) -> None:
        """Each role has its own; without one it is all of them."""
        self.assertIsInstance(self.config("node"), NodeConfig)
        self.assertIsInstance(self.config("control"), ControlConfig)
        self.assertIsInstance(self.config(f"relay --server-key {KEY}"), RelayConfig)
        self.assertIsInstance(self.config("all"), AllConfig)
        self.assertIsInstance(self.config(""), AllConfig)

    def test_relay_key_from_a_file(self) -> None:
        """As the control server writes it, with the line's end."""
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(KEY + "\n")
            file.flush()
            config = self.config(f"relay --server-key @{file.name} --ports 7800-7801 --host 127.0.0.1")
        expected = RelayConfig(bytes.fromhex(KEY), (7800, 7801), "127.0.0.1", state_dir=folders({})[0])
        self.assertEqual(config, expected)


class Taken:
    """A TCP and a UDP port that somebody else holds."""

    def __init__(self) -> None:
        self.tcp = socket.socket()
        self.tcp.bind(("0.0.0.0", 0))
        self.tcp.listen()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("0.0.0.0", 0))

    def close(self) -> None:
        """Give them back."""
        self.tcp.close()
        self.udp.close()


def free_udp_port() -> int:
    """A port that nobody held a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        return int(probe.getsockname()[1])


class ProcessTests(SynchronousTestCase):
    """The real program."""

    def setUp(self) -> None:
        """A folder, and ports that are taken."""
        self.state = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.state)
        self.taken = Taken()
        self.addCleanup(self.taken.close)

    def fails(self, words: str, sentence: str, status: int = 1) -> None:
        """The program ends by itself with this status and this sentence."""
        program = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()"]
        command = [*program, "--nodaemon", "--pidfile=", "lanrage", *words.split()]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status)
        self.assertIn(f"lanrage: {sentence}", done.stderr)
        self.assertNotIn("Traceback", done.stderr + done.stdout)

    def control(self, listen: str = "tcp:0:interface=127.0.0.1", stun: int = 0) -> str:
        """The control role's command line."""
        return f"control --state-dir {self.state} --listen {listen} --stun-port {stun or free_udp_port()}"

    def test_key_of_others(self) -> None:
        """A key that others may read is not used."""
        key = self.state / "server.key"
        key.write_text("rubbish\n", encoding="ascii")
        key.chmod(0o644)
        self.fails(self.control(), f"{key} has mode 0644, others may read it")

    def test_no_key(self) -> None:
        """A file that holds no key is not replaced."""
        key = self.state / "server.key"
        key.write_text("rubbish\n", encoding="ascii")
        key.chmod(0o600)
        self.fails(self.control(), f"{key} is no key")
        self.assertEqual(key.read_text(encoding="ascii"), "rubbish\n")

    def test_ports_taken(self) -> None:
        """The sentence names the option and the port."""
        tcp, udp = self.taken.tcp.getsockname()[1], self.taken.udp.getsockname()[1]
        self.fails(self.control(f"tcp:{tcp}"), f"listen: port {tcp} cannot be used: address already in use")
        self.fails(self.control(stun=udp), f"stun-port: UDP port {udp} cannot be used: address already in use")
        relay = f"relay --server-key {KEY} --ports {udp}"
        self.fails(relay, f"ports: UDP port {udp} cannot be used: address already in use")

    def test_no_endpoint(self) -> None:
        """A listen option that Twisted does not understand."""
        self.fails(self.control("foo"), "listen: 'foo' is no endpoint", EXIT_USAGE)
