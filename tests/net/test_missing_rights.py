"""Without rights each part says in one sentence what is missing and how to grant it; what only reads works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from lanrage.net.kernel import kernel_has_wireguard

REPOSITORY = Path(__file__).resolve().parents[2]
POWERLESS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
"""Root, but without a single capability."""


def test_sentences() -> None:
    """Run all parts without a right."""
    argv = [*(POWERLESS if os.geteuid() == 0 else []), sys.executable, "-m", "tests.net.powerless_node"]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
    said = {part: (kind, sentence) for part, kind, sentence in map(json.loads, done.stdout.splitlines())}
    assert "CAP_NET_ADMIN and CAP_NET_RAW" in said["rights"][1]
    assert said["kernel"][0] in ("MissingRight", "NoKernelWireGuard")
    if kernel_has_wireguard():
        assert "CAP_NET_ADMIN" in said["kernel"][1]
    assert said["userspace"][0] == "MissingRight"
    assert ("CAP_NET_ADMIN" if shutil.which("wireguard-go") else "apt-get install") in said["userspace"][1]
    for part, word in (("card", "CAP_NET_ADMIN"), ("probe port", "CAP_NET_RAW"), ("capture", "CAP_NET_RAW")):
        assert said[part][0] == "MissingRight"
        assert word in said[part][1] or "/dev/net/tun" in said[part][1]
    assert "CAP_NET_ADMIN" in said["route"][1]
    assert said["addresses"] == ("done", "")
    assert "Traceback" not in done.stderr
