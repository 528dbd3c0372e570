"""Runs firewalld's and ufw's own tools, without a shell. Blocks; a tool answers within a second."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lanrage.core.firewall_commands import Firewall, Step, is_so
from lanrage.errors import LanrageError

TIMEOUT = 30.0
"""Seconds; ufw waits for another's lock, firewalld loads its zones."""
SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
UFW_CONF = Path("etc/ufw/ufw.conf")
"""Below the file system's root; unlike ``ufw status`` any user may read it."""


class Tools:
    """The tools of this machine.

    :param path: where programs are looked for; empty: PATH and the system's folders.
    :param root: where the file system begins; a test's own folder.
    """

    def __init__(self, path: str = "", root: Path = Path("/")) -> None:
        self._path = path or f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_PATH}"
        self._root = root

    def active(self) -> list[Firewall]:
        """Which firewalls filter now."""
        return [each for each in Firewall if self._active(each)]

    def holds(self, step: Step) -> bool:
        """Whether a device is let in.

        :raises LanrageError: the tool does not answer.
        """
        status, output, _ = self._run(step.ask)
        return is_so(step, status, output)

    def run(self, words: Sequence[str]) -> str:
        """Run a command; what it said.

        :raises LanrageError: it failed, with what it said.
        """
        status, output, errors = self._run(words)
        if status:
            raise LanrageError(f"{' '.join(words)}: {' '.join((errors or output).split())[:300] or f'status {status}'}")
        return output.strip()

    def _active(self, firewall: Firewall) -> bool:
        if shutil.which(firewall.value, path=self._path) is None:
            return False
        if firewall is Firewall.FIREWALLD:
            return self._run((firewall.value, "--state"))[0] == 0
        try:
            lines = (self._root / UFW_CONF).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
        return any(line.strip().lower() == "enabled=yes" for line in lines)

    def _run(self, words: Sequence[str]) -> tuple[int, str, str]:
        program = shutil.which(words[0], path=self._path)
        if program is None:
            raise LanrageError(f"the program {words[0]} is not here")
        environment = os.environ | {"LC_ALL": "C", "PATH": self._path}
        try:
            done = subprocess.run(
                [program, *words[1:]],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=environment,
                timeout=TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LanrageError(f"{' '.join(words)}: {error}") from error
        return done.returncode, done.stdout, done.stderr
