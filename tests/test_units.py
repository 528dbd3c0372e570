"""The units for systemd start roles that exist, with options that exist, and with no more rights than they need."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.service import EXIT_USAGE, Options
from lanrage.core.settings_limits import CONTROL_PORT

FOLDER = Path(__file__).resolve().parent.parent / "lanrage" / "data" / "service" / "systemd"

CAPABILITIES = {"node": {"CAP_NET_ADMIN", "CAP_NET_RAW"}, "control": set[str](), "relay": set[str]()}
"""Role: what its unit may grant."""

EXPOSURE = {"node": 40, "control": 20, "relay": 20}
"""Role: the most that ``systemd-analyze security`` may find, in tenths of its level."""


def settings(role: str) -> dict[str, str]:
    """A unit's ``Name=value`` lines, the last one of a name."""
    lines = (FOLDER / f"lanrage-{role}.service").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def known(told: str) -> list[str]:
    """What systemd says, but for the settings that it has since version 254: an older one ignores them."""
    return [
        line for line in told.splitlines() if re.search("Unknown key '(RestartSteps|RestartMaxDelaySec)'", line) is None
    ]


class UnitTests(SynchronousTestCase):
    """One unit a role."""

    def each(self, check: Callable[[str, dict[str, str]], None]) -> None:
        """Run a check for each role's unit."""
        for role in CAPABILITIES:
            check(role, settings(role))

    def test_command_line(self) -> None:
        """What a unit runs is understood by the service."""

        def check(role: str, unit: dict[str, str]) -> None:
            words = shlex.split(re.sub(r"\$LANRAGE_[A-Z]+_OPTIONS", "", unit["ExecStart"]))
            arguments = words[words.index("lanrage") + 1 :]
            options = Options()
            options.parseOptions(
                [word.replace("@${CREDENTIALS_DIRECTORY}/server.pub", "ab" * 32) for word in arguments]
            )
            self.assertEqual(options.subCommand, role)

        self.each(check)

    def test_started_again(self) -> None:
        """For as long as it takes, less and less often; not where the command line is wrong."""
        wanted = {
            "Restart": "on-failure",
            "RestartSteps": "8",
            "RestartMaxDelaySec": "60",
            "StartLimitIntervalSec": "0",
            "RestartPreventExitStatus": str(EXIT_USAGE),
        }
        self.each(lambda role, unit: self.assertEqual({name: unit.get(name) for name in wanted}, wanted))

    def test_watched(self) -> None:
        """A unit is up when its role is, and is started again when it is stuck."""
        wanted = {"Type": "notify", "NotifyAccess": "main", "WatchdogSec": "30"}
        self.each(lambda role, unit: self.assertEqual({name: unit.get(name) for name in wanted}, wanted))

    def test_rights(self) -> None:
        """No unit runs as root, and each grants what its role needs."""

        def check(role: str, unit: dict[str, str]) -> None:
            self.assertEqual(unit["User"], "lanrage")
            self.assertEqual(set(unit["CapabilityBoundingSet"].split()), CAPABILITIES[role])
            self.assertEqual(set(unit.get("AmbientCapabilities", "").split()), CAPABILITIES[role])
            self.assertEqual(unit["NoNewPrivileges"], "yes")

        self.each(check)


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("role", CAPABILITIES)
def test_systemd_reads_it(role: str, tmp_path: Path) -> None:
    """systemd finds no unknown setting; the program's path is the only thing that differs here."""
    text = (FOLDER / f"lanrage-{role}.service").read_text(encoding="utf-8")
    unit = tmp_path / f"lanrage-{role}.service"
    unit.write_text(text.replace("/usr/lib/lanrage/bin/twistd", sys.executable), encoding="utf-8")
    program = shutil.which("systemd-analyze")
    assert program is not None
    done = subprocess.run([program, "verify", unit], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, known(done.stderr)) == (0, [])


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize(("role", "most"), EXPOSURE.items())
def test_exposure(role: str, most: int, tmp_path: Path) -> None:
    """What the unit leaves open is no more than its role may."""
    unit = tmp_path / f"lanrage-{role}.service"
    text = (FOLDER / unit.name).read_text(encoding="utf-8")
    unit.write_text(text.replace("/usr/lib/lanrage/bin/twistd", sys.executable), encoding="utf-8")
    program = shutil.which("systemd-analyze")
    assert program is not None
    command = [program, "security", "--offline=true", f"--threshold={most}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Overall exposure level" in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout


class SocketUnitTests(SynchronousTestCase):
    """The control server's port in systemd's hands."""

    def test_port_and_option(self) -> None:
        """It holds the control server's usual port, and what the drop-in sets makes the server take it from there."""
        text = (FOLDER / "lanrage-control.socket").read_text(encoding="utf-8")
        self.assertIn(f"\nListenStream={CONTROL_PORT}\n", text)
        drop_in = (FOLDER / "lanrage-control-socket.conf").read_text(encoding="utf-8")
        [word] = [line for line in drop_in.splitlines() if line.startswith("Environment=")]
        name, _, value = word.removeprefix("Environment=").partition("=")
        with tempfile.TemporaryDirectory(prefix="lanrage-units-") as folder:
            options = Options()
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)
            options.parseOptions(["control", "--state-dir", folder])
        self.assertEqual("systemd:domain=INET6:index=0", options["config"].listen)


@pytest.mark.needs("systemd-analyze")
def test_systemd_reads_the_socket(tmp_path: Path) -> None:
    """systemd finds no unknown setting in it, and the service that belongs to it."""
    for name in ("lanrage-control.socket", "lanrage-control.service"):
        text = (FOLDER / name).read_text(encoding="utf-8").replace("/usr/lib/lanrage/bin/twistd", sys.executable)
        (tmp_path / name).write_text(text, encoding="utf-8")
    program = shutil.which("systemd-analyze")
    assert program is not None
    command = [program, "verify", str(tmp_path / "lanrage-control.socket")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, known(done.stderr)) == (0, [])
