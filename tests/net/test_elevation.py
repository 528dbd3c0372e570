"""Commands as root: real programs in the places of sudo and pkexec write down how they were called."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner
from twisted.logger import capturedLogs

from lanrage.app.cli_firewall import change_elevated
from lanrage.app.cli_frame import agree
from lanrage.app.cli_rights import grant_right, rights
from lanrage.errors import BadInput, LanrageError, MissingRight, Refused
from lanrage.net.elevation import Elevation, own_devices, run_elevated
from lanrage.net.firewalls import Tools

RECORDER = """#!{python} -I
import json, os, sys
with open({told!r}, "a") as file:
    stdin = os.readlink("/proc/self/fd/0")
    print(json.dumps([os.path.basename(sys.argv[0]), sys.argv[1:], dict(os.environ), stdin, os.getcwd()]), file=file)
{more}
"""


@attrs.frozen
class Machine:
    """A folder of programs and what they were told."""

    folder: Path

    def put(self, name: str, more: str = "") -> str:
        """Put a program there; its path."""
        path = self.folder / name
        told = str(self.folder / "told")
        path.write_text(RECORDER.format(python=sys.executable, told=told, more=more), encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    @property
    def told(self) -> list[list[object]]:
        """Name, arguments, environment, standard input and folder of each call."""
        file = self.folder / "told"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []

    def way(self, *, terminal: bool = True, timeout: float = 30.0, root: bool = False) -> Elevation:
        """By these programs alone."""
        return Elevation(str(self.folder), root, terminal, timeout)


@pytest.fixture(name="machine")
def _machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.put("modprobe")
    return machine


TUN = ("modprobe", "tun")


def test_sudo(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument list with absolute paths, an environment of ours alone, nothing on standard input, logged."""
    monkeypatch.setenv("LD_PRELOAD_TEST", "x")
    sudo = machine.put("sudo", "print('loaded')")
    with capturedLogs() as events:
        assert run_elevated(TUN, machine.way()) == "loaded"
    modprobe = str(machine.folder / "modprobe")
    ((name, arguments, environment, stdin, folder),) = machine.told
    assert (name, arguments, stdin, folder) == ("sudo", ["--", modprobe, "tun"], "/dev/null", "/")
    assert isinstance(environment, dict)
    assert {key: environment[key] for key in ("PATH", "LC_ALL")} == {"PATH": str(machine.folder), "LC_ALL": "C"}
    assert set(environment) <= {"PATH", "LC_ALL", "LC_CTYPE"}
    logged = [(event["command"], event.get("status")) for event in events if "command" in event]
    command = [sudo, "--", modprobe, "tun"]
    assert logged == [(command, None), (command, 0)]


def test_which(machine: Machine) -> None:
    """Root needs neither; a desktop without a terminal asks by pkexec; sudo alone then asks nobody."""
    modprobe = str(machine.folder / "modprobe")
    assert machine.way(root=True).command(TUN) == (modprobe, "tun")
    with pytest.raises(MissingRight, match="neither sudo nor pkexec"):
        machine.way().command(TUN)
    sudo = machine.put("sudo")
    assert machine.way(terminal=False).command(TUN) == (sudo, "--non-interactive", "--", modprobe, "tun")
    pkexec = machine.put("pkexec")
    assert machine.way(terminal=False).command(TUN) == (pkexec, modprobe, "tun")
    assert machine.way().command(TUN) == (sudo, "--", modprobe, "tun")
    with pytest.raises(MissingRight, match="systemctl"):
        machine.way().command(("systemctl", "enable", "--now", "lanrage-node.service"))


def test_failures(machine: Machine) -> None:
    """What is not in the list is not run; a failure says what the program said; a program that hangs is ended."""
    machine.put("sudo", "print('no such module'); sys.exit(1)")
    with pytest.raises(BadInput):
        run_elevated(("sh", "-c", "id"), machine.way())
    assert machine.told == []
    with pytest.raises(LanrageError, match="no such module"):
        run_elevated(TUN, machine.way())
    machine.put("sudo", "import time; time.sleep(60)")
    begun = time.monotonic()
    with pytest.raises(LanrageError, match="did not end within 1 s"):
        run_elevated(TUN, machine.way(timeout=1.0))
    assert time.monotonic() - begun < 20


def test_grant_asks(machine: Machine) -> None:
    """Without the user's word nothing is run; a dry run runs nothing either."""
    machine.put("sudo")
    assert grant_right("tun", "ben", machine.way(), dry_run=True, yes=False)["ran"] is False
    result = CliRunner().invoke(rights, ["grant", "group", "--user", "-x"])
    assert (result.exit_code, "user: must be a user's name" in result.output) == (1, True)
    assert machine.told == []
    assert grant_right("tun", "ben", machine.way(), dry_run=False, yes=True)["ran"] is True
    assert [call[0] for call in machine.told] == ["sudo"]


def test_firewall(machine: Machine) -> None:
    """``lanrage firewall allow`` of a plain user: every command is shown first, then run by sudo."""
    machine.put("sudo")
    ufw = machine.put("ufw")
    (machine.folder / "etc/ufw").mkdir(parents=True)
    (machine.folder / "etc/ufw/ufw.conf").write_text("ENABLED=yes\n", encoding="utf-8")
    tools = Tools(str(machine.folder), machine.folder)
    asked: list[tuple[str, ...]] = []
    change_elevated(tools, "allow", ("lanrage0",), machine.way(), asked.append)
    words = ["--", ufw, "allow", "in", "on", "lanrage0", "comment", "LANrage"]
    assert [call[1] for call in machine.told] == [words]
    assert asked == [(str(machine.folder / "sudo"), *words)]


def test_firewall_of_another_device(machine: Machine) -> None:
    """A card of the machine's is never let in by sudo: nobody is asked, nothing is run."""
    machine.put("sudo")
    machine.put("ufw")
    (machine.folder / "etc/ufw").mkdir(parents=True)
    (machine.folder / "etc/ufw/ufw.conf").write_text("ENABLED=yes\n", encoding="utf-8")
    tools = Tools(str(machine.folder), machine.folder)
    asked: list[tuple[str, ...]] = []
    with pytest.raises(BadInput, match="device: 'eth0' is no tunnel or card of LANrage's"):
        change_elevated(tools, "allow", ("eth0",), machine.way(), asked.append)
    assert (asked, machine.told) == ([], [])


def test_own_devices(tmp_path: Path) -> None:
    """The customary names, and what bears our mark; a device without a mark, or with another's, is none of ours."""
    for name, alias in (("eth0", ""), ("lan0", "home"), ("games", "lanrage\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ifalias").write_text(alias, encoding="utf-8")
    (tmp_path / "gone").mkdir()
    assert own_devices(tmp_path) == {"lanrage-wg0", "lanrage0", "games"}


def test_no_word() -> None:
    """Without a terminal nobody can say yes."""
    with CliRunner().isolation(input=""), pytest.raises(Refused, match="--yes"):
        agree(("sudo", "x"), yes=False)
