"""Programs are named by pid and start time, and ended for certain."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lanrage.net.processes import Program

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


def test_names_itself() -> None:
    """The text form reads back; the command line is that of the program."""
    me = Program.of(os.getpid())
    assert me is not None
    assert Program.parse(str(me)) == me
    assert me.command()[0].endswith(os.path.basename(sys.executable)) or "python" in me.command()[0]


@pytest.mark.parametrize("text", ["", "7", "7 x", "-1 3", "7 8 9"])
def test_no_program(text: str) -> None:
    """What names no program is None."""
    assert Program.parse(text) is None


def test_ends() -> None:
    """SIGTERM ends a program; a second end says that it was gone."""
    with subprocess.Popen(["sleep", "60"]) as process:
        program = Program.of(process.pid)
        assert program is not None
        assert program.end()
        process.wait(5)
    assert not program.end()
    assert Program.of(program.pid) is None
    assert not program.command()


def test_ends_a_stubborn_one() -> None:
    """What ignores SIGTERM is killed."""
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        program = Program.of(process.pid)
        assert program is not None
        assert program.end(grace=0.05)
        assert process.wait(5) == -9
