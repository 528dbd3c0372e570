"""The parts of the virtual machine: Debian's kernel and a static busybox, fetched once, and the initramfs made of them.

Uses the standard library only, and Debian's ``apt-get``, ``dpkg-deb``, ``tar`` and ``kmod``.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
META_PACKAGE = "linux-image-amd64"
"""Depends on Debian's newest generic kernel; the cloud kernel has no 9p."""
EARLY_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
"""Needed before the host's root is mounted; the others are loaded from there."""
KEPT = ("./boot/vmlinuz*", *(f"./lib/modules/*/{part}" for part in ("modules.*", "kernel/[!ds]*", "kernel/drivers/net",
        "kernel/drivers/virtio")))  # fmt: skip
"""What is unpacked of the kernel's package: no sound and few drivers."""
FETCH_TIMEOUT_S = 180


class Skip(Exception):
    """Why the virtual machine cannot run here; one line."""


def run(*argv: str, cwd: Path | None = None) -> str:
    """Run a command and return what it prints."""
    try:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Skip(f"{argv[0]}: {error}") from error
    if done.returncode:
        raise Skip(f"{' '.join(argv)}: {(done.stderr.strip() or '?').splitlines()[-1]}")
    return done.stdout


def cache_folder() -> Path:
    """Where the fetched parts stay."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lanrage" / "kernel-vm"


def kernel_package() -> str:
    """The package of Debian's newest generic kernel; that of the cache where apt knows none."""
    for refresh in (False, True):
        if refresh:
            subprocess.run(["apt-get", "-qq", "update"], timeout=FETCH_TIMEOUT_S, check=False)
        try:
            known = run("apt-cache", "depends", META_PACKAGE)
        except Skip:
            known = ""
        found = re.search(r"Depends: (linux-image-[0-9]\S*-amd64)$", known, re.MULTILINE)
        if found:
            return found[1]
    cached = sorted(path.name for path in cache_folder().glob("linux-image-*"))
    if not cached:
        raise Skip(f"apt knows no {META_PACKAGE}")
    return cached[-1]


def fetched(package: str, patterns: Iterable[str]) -> Path:
    """The folder of a package's files; downloaded and unpacked on the first call."""
    folder = cache_folder() / package
    if folder.is_dir():
        return folder
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
        run("apt-get", "download", "-o", "APT::Sandbox::User=root", package, cwd=Path(scratch))
        (archive,) = Path(scratch).glob("*.deb")
        unpacked = Path(scratch) / "root"
        unpacked.mkdir()
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as source:
            subprocess.run(["tar", "-x", "-C", str(unpacked), "--wildcards", *patterns], stdin=source.stdout,
                           timeout=FETCH_TIMEOUT_S, check=True)  # fmt: skip
        release = next((path.name for path in unpacked.glob("lib/modules/*")), None)
        if release:
            run("depmod", "-b", str(unpacked), release)
        shutil.move(unpacked, folder)
    return folder


def early_modules(root: Path, release: str) -> list[Path]:
    """The module files to load before the root is there, in order."""
    files: dict[Path, None] = {}
    for module in EARLY_MODULES:
        for line in run("modprobe", "-d", str(root), "-S", release, "-D", module).splitlines():
            if line.startswith("insmod "):
                files[Path(line.split()[1])] = None
    return list(files)


def initramfs(root: Path, release: str, busybox: Path) -> bytes:
    """The first file system: busybox, ``init`` and the early modules, as a compressed cpio archive."""
    modules = early_modules(root, release)
    files = {f"m/{path.name}": (0o100644, path.read_bytes()) for path in modules}
    files["m/order"] = (0o100644, "\n".join(path.name for path in modules).encode())
    files["init"] = (0o100755, (HERE / "init.sh").read_bytes())
    files["bin/busybox"] = (0o100755, busybox.read_bytes())
    folders = dict.fromkeys(("bin", "m", "proc", "sys", "dev", "ro", "rw", "new"), (0o040755, b""))
    return gzip.compress(cpio({**folders, **files}), 1)


def cpio(files: dict[str, tuple[int, bytes]]) -> bytes:
    """Write an archive in the kernel's format ``newc`` (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    out = io.BytesIO()
    for number, (name, (mode, data)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))], start=1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out.write(b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0")
        out.write(bytes(-out.tell() % 4))
        out.write(data)
        out.write(bytes(-out.tell() % 4))
    return out.getvalue()
