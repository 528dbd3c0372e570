"""A real X server without a screen (Xvfb), and programs with windows on it; all gone at the end of the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
XVFB = shutil.which("Xvfb")
NO_XVFB = "" if XVFB else "needs Xvfb: apt-get install xvfb"
END_S = 10.0

Cleanup = Callable[..., Any]


def end(process: subprocess.Popen[Any]) -> None:
    """End a program and wait for it."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start_server(cleanup: Cleanup) -> tuple[str, subprocess.Popen[str]]:
    """Start Xvfb on a free display; its name and the process."""
    assert XVFB is not None
    reading, writing = os.pipe()
    try:
        argv = [XVFB, "-displayfd", str(writing), "-screen", "0", "320x240x24", "-nolisten", "tcp", "-noreset"]
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(  # pylint: disable=consider-using-with  # lives until the cleanup
            argv, pass_fds=(writing,), stdin=quiet, stdout=quiet, stderr=quiet, text=True
        )
        cleanup(end, server)
    finally:
        os.close(writing)
    with os.fdopen(reading) as told:
        return f":{int(told.readline())}", server


def show_window(cleanup: Cleanup, display: str, title: str, kind: str) -> tuple[int, subprocess.Popen[str]]:
    """Start a program with a window; the window's number and the process. A line on its input renames the window."""
    argv = [sys.executable, "-m", "tests.window_program", title, kind]
    pipe, environment = subprocess.PIPE, {**os.environ, "DISPLAY": display}
    program = subprocess.Popen(  # pylint: disable=consider-using-with  # lives until the cleanup
        argv, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True
    )
    cleanup(end, program)
    assert program.stdout is not None
    return int(program.stdout.readline()), program


def rename(program: subprocess.Popen[str], title: str) -> None:
    """Give the window of :func:`show_window` another title."""
    assert program.stdin is not None
    program.stdin.write(f"{title}\n")
    program.stdin.flush()
