"""A Debian that nobody has touched, in a folder: by debootstrap, entered by chroot, or booted in its own namespaces."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

BOOT = Path(__file__).with_name("boot.sh")
SOURCE = Path(__file__).resolve().parents[2]
BUILD = SOURCE / "packaging" / "deb" / "build"
SHIPPED = {
    *("setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in", "README.rst", "NEWS.rst", "LICENSE"),
    *("lanrage", "twisted"),
}
"""What a wheel of ours is made of."""
NEEDED = ("python3", "systemd", "nftables", "iproute2", "wireguard-go")
"""What the package depends on."""
UNCOUNTED = ("proc", "sys", "dev", "tmp", "var/lib/dpkg", "var/lib/apt", "var/log", "var/cache", "etc/apt")
"""Where apt, dpkg and the running system write what belongs to no package."""
PLAIN = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "HOME": "/root",
}


def run(*words: str | Path, timeout: float = 300, **more: str) -> str:
    """Run a command that must succeed; what it said."""
    done = subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=PLAIN | more,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{words}:\n{done.stdout}"
    return done.stdout


def kept() -> dict[str, str]:
    """This machine's environment for pip, which may need its settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}


def build(folder: Path, **environment: str) -> Path:
    """The package, built by its one command."""
    run(BUILD, folder, timeout=600, **(kept() | environment))
    [package] = folder.glob("*.deb")
    return package


def wheels(folder: Path) -> Path:
    """LANrage, all that it needs and what builds it, as wheels for Debian's Python: where no index can be reached."""
    source = folder.with_name("source")
    shutil.copytree(SOURCE, source, ignore=lambda place, names: set(names) - SHIPPED if Path(place) == SOURCE else [])
    words = (sys.executable, "-m", "pip", "--python", "/usr/bin/python3", "wheel", "-q", "-w", folder)
    run(*words, source, "setuptools", "wheel", timeout=600, **kept())
    shutil.rmtree(source)
    return folder


def repacked(package: Path, folder: Path, version: str) -> Path:
    """The same package under another version."""
    tree, result = folder / "tree", folder / f"lanrage_{version}.deb"
    run("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN" / "control"
    lines = control.read_text(encoding="utf-8").splitlines()
    lines = [f"Version: {version}" if line.startswith("Version:") else line for line in lines]
    control.write_text("\n".join((*lines, "")), encoding="utf-8")
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, result)
    shutil.rmtree(tree)
    return result


def mirror() -> tuple[str, str]:
    """This machine's own mirror, and its release."""
    name = platform.freedesktop_os_release()["VERSION_CODENAME"]
    told = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    for line in told.splitlines():
        address, suite, component = line.split()
        if suite == name and component == "main":
            return address, name
    return "http://deb.debian.org/debian", name


@attrs.frozen
class CleanRoot:
    """The folder.

    :param path: of it.
    """

    path: Path

    @classmethod
    def make(cls, path: Path) -> CleanRoot:
        """Bootstrap it."""
        address, release = mirror()
        run("debootstrap", "--variant=minbase", release, path, address, timeout=900)
        settings = 'APT::Install-Recommends "false"; Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";\n'
        (path / "etc/apt/apt.conf.d/99test").write_text(settings, encoding="utf-8")
        shutil.copy("/etc/resolv.conf", path / "etc/resolv.conf")
        made = cls(path)
        made.chroot("apt-get", "update", "-q", timeout=300)
        return made

    def copied(self, path: Path) -> CleanRoot:
        """Another one of the same files, with what the package depends on."""
        run("cp", "--archive", "--reflink=auto", self.path, path)
        made = CleanRoot(path)
        made.chroot("apt-get", "install", "-q", "-y", *NEEDED, timeout=600)
        return made

    def chroot(self, *words: str, timeout: float = 120) -> str:
        """Run a command in it, with its own /proc for as long as that takes."""
        inside = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
        return run("unshare", "--mount", "--pid", "--fork", "sh", "-c", inside, self.path, *words, timeout=timeout)

    def bring(self, package: Path) -> str:
        """Copy a package in; its path there."""
        shutil.copy(package, self.path / "opt")
        return f"/opt/{package.name}"

    def listed(self) -> set[str]:
        """Every file and folder that belongs to a package, or should."""
        found: set[str] = set()
        for folder, names, files in os.walk(self.path):
            place = os.path.relpath(folder, self.path)
            names[:] = [name for name in names if os.path.normpath(f"{place}/{name}") not in UNCOUNTED]
            found.update(os.path.normpath(f"{place}/{name}") for name in (*names, *files))
        return {path for path in found if not path.startswith("opt/")}

    @contextmanager
    def booted(self) -> Iterator[Booted]:
        """systemd as its first process; all that it started is gone afterwards."""
        cgroup = unified() / f"lanrage-test-{os.getpid()}"
        cgroup.mkdir()
        names = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
        words = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(cgroup), "unshare", *names, "--fork"]
        command = [*words, "--kill-child", "sh", str(BOOT), str(self.path)]
        log = self.path.parent / "boot.log"
        with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=PLAIN) as process:
            try:
                machine = Booted(first_child(process.pid))
                machine.wait_for("systemctl", "is-active", "multi-user.target", said="active\n")
                yield machine
            finally:
                process.kill()
                process.wait(20)
                remove_cgroup(cgroup)


@attrs.frozen
class Booted:
    """A root whose systemd runs.

    :param pid: of that.
    """

    pid: int

    def run(self, *words: str, timeout: float = 120) -> str:
        """Run a command there."""
        return run(*self._enter(), *words, timeout=timeout)

    def wait_for(self, *words: str, said: str, seconds: float = 60) -> str:
        """Ask again and again until the answer has a word; the answer."""
        end, told = time.monotonic() + seconds, ""
        while time.monotonic() < end:
            done = subprocess.run([*self._enter(), *words], capture_output=True, text=True, env=PLAIN, check=False)
            told = done.stdout
            if said in told:
                return told
            time.sleep(0.2)
        raise AssertionError(f"{words} never said {said!r}, last: {told!r} {done.stderr!r}")

    def shown(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def _enter(self) -> list[str]:
        return ["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-u", "-i", "-C", "-r", "-w"]


def unified() -> Path:
    """Where version 2 of the control groups is mounted."""
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, flags, *_ = line.split()
        if kind == "cgroup2" and "rw" in flags.split(","):
            return Path(place)
    raise FileNotFoundError("cgroup2 is not mounted")


def remove_cgroup(folder: Path) -> None:
    """Remove a group of processes that have ended, with those below it."""
    for _ in range(50):
        try:
            for place, _, _ in os.walk(folder, topdown=False):
                os.rmdir(place)
        except OSError:  # the kernel still clears up
            time.sleep(0.1)
        else:
            return


def first_child(pid: int) -> int:
    """The process that unshare started, once its namespaces stand and systemd runs in it."""
    for _ in range(200):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
        if children and Path(f"/proc/{children[0]}/comm").read_text(encoding="utf-8").strip() == "systemd":
            return int(children[0])
        time.sleep(0.05)
    raise AssertionError("systemd was not started; see boot.log")
