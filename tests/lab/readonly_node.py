"""A node whose state folder is on a disk that cannot be written: ``unshare -m python -m tests.lab.readonly_node``.

Words: the folder to mount a small file system on, then the words of ``twistd lanrage``. The test mends it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main(folder: str, *words: str) -> None:
    """Mount, then become twistd."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True)
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    twistd = str(Path(sys.executable).parent / "twistd")
    os.execv(twistd, [twistd, "-n", "--pidfile=", "lanrage", *words])


if __name__ == "__main__":
    main(*sys.argv[1:])
