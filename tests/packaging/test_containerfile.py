"""The container file: a linter finds nothing, what it copies is there, and what it starts is understood."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.service import Options

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "packaging" / "oci" / "Containerfile"


def instructions() -> Iterator[tuple[str, str]]:
    """Each instruction with its words; comments are left out and long lines are whole."""
    text = "\n".join(line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name, " ".join(rest.split())


class ContainerfileTests(SynchronousTestCase):
    """What stands in it."""

    def test_sources(self) -> None:
        """Each source of a COPY is in the work tree, and none is kept from the build."""
        ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
        shown = [each.removeprefix("!") for each in ignored if each.startswith("!")]
        self.assertEqual(ignored[0], "*")
        copied = [rest.split()[:-1] for name, rest in instructions() if name == "COPY" and "--from=" not in rest]
        sources = [word for words in copied for word in words]
        self.assertIn("lanrage", sources)
        for source in sources:
            self.assertTrue((ROOT / source).exists(), source)
            self.assertTrue(any(fnmatch(source, each) for each in shown), f"{source} is kept away by .dockerignore")

    def test_what_it_starts(self) -> None:
        """The words of ENTRYPOINT and CMD are a role with its options; nobody is root."""
        found = dict(instructions())
        words = [*json.loads(found["ENTRYPOINT"]), *json.loads(found["CMD"])]
        options = Options()
        options.parseOptions(words[words.index("lanrage") + 1 :])
        self.assertEqual(options.subCommand, "control")
        self.assertRegex(found["USER"], r"^[1-9]\d*:[1-9]\d*$")

    def test_ports(self) -> None:
        """It names the ports that server and relay use when nothing is said."""
        self.assertEqual(dict(instructions())["EXPOSE"], "7766/tcp 3478/udp 3479/udp 7800-7863/udp")


def test_linter() -> None:
    """hadolint, which ``make lint`` runs, has nothing to say."""
    beside = Path(sys.executable).with_name("hadolint")
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None:
        pytest.skip("needs the program hadolint (make lint installs it)")
    done = subprocess.run([program, str(FILE)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")
