"""podman with an image store of its own, in namespaces of its own: what it started is gone with them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.packaging.clean_root import PLAIN, CleanRoot, run

FILE = Path(__file__).resolve().parents[2] / "packaging" / "oci" / "Containerfile"
BASE = "docker.io/library/debian:bookworm-slim"
ALONE = ("--mount", "--pid", "--net", "--cgroup")
READY = "ready"
# crun wants one kind of control groups, so that it gets the second version's in a mount of its own.
HOLD = f"""set -e
mount --make-rprivate /
mount -t proc proc /proc
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
echo {READY}
exec sleep infinity
"""


@attrs.frozen
class Images:
    """Where podman keeps all that is its own.

    :param folder: of it.
    :param enter: words before a command that is to be run beside the containers.
    """

    folder: Path
    enter: tuple[str, ...] = ()

    def podman(self, *words: str | Path, timeout: float = 120) -> str:
        """Run it; what it said."""
        places = [f"--{name}={self.folder / name}" for name in ("root", "runroot", "tmpdir")]
        kinds = ("--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=none")
        return run(*self.enter, "podman", *places, *kinds, *words, timeout=timeout)

    def build(self, root: CleanRoot, wheelhouse: Path, context: Path) -> None:
        """The image from the file, on `root` under the base's name; pip gets its packages from `wheelhouse`."""
        archive, settings = self.folder / "base.tar", self.folder / "pip.conf"
        run("tar", "-C", root.path, "--exclude=./proc/*", "--exclude=./sys/*", "-cf", archive, ".")
        self.podman("import", "-q", archive, BASE)
        archive.unlink()
        settings.write_text("[global]\nno-index = true\nfind-links = /wheels\n", encoding="utf-8")
        brought = (f"--volume={wheelhouse}:/wheels:ro", f"--volume={settings}:/etc/pip.conf:ro")
        words = ("build", "--format=docker", "--isolation=chroot", "--pull=never", "--layers=false", *brought)
        self.podman(*words, "-t", "lanrage", "-f", FILE, context, timeout=900)

    def start(self, name: str, *words: str) -> None:
        """Run a container in the background, on the network of this place, with a volume for its state."""
        volume = f"--volume={name}:/var/lib/lanrage"
        self.podman(
            "run", "-d", "--pull=never", "--network=host", "--cgroups=disabled", f"--name={name}", volume, *words
        )

    def config(self) -> dict[str, Any]:
        """What the image says of itself."""
        [told] = json.loads(self.podman("inspect", "--type=image", "lanrage"))
        return dict(told["Config"]) | {"Health": told["Healthcheck"]}

    @contextmanager
    def alone(self) -> Iterator[Images]:
        """The same in new namespaces, with a loopback alone; whatever runs there ends with them."""
        words = ("unshare", *ALONE, "--fork", "--kill-child", "sh", "-c", HOLD)
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=PLAIN) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline().strip() == READY
                [child] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
                yield attrs.evolve(self, enter=("nsenter", "-t", child, "-m", "-p", "-n", "-C"))
            finally:
                process.kill()

    def remove(self) -> None:
        """Containers, volumes and images; mounts that a killed one left, first."""
        for line in reversed(Path("/proc/mounts").read_text(encoding="utf-8").splitlines()):
            place = line.split()[1]
            if place.startswith(f"{self.folder}{os.sep}"):
                run("umount", "-l", place)


def spoken(words: list[str]) -> str:
    """Words of a health check as a line for a shell."""
    return words[1] if words[0] == "CMD-SHELL" else shlex.join(words[1:])
