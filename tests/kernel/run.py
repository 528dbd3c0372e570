"""``make test-kernel``: boots Debian's kernel in QEMU, runs ``tests/kernel`` inside (``python -m tests.kernel.run``).

The machine is emulated (no KVM needed); its root is this machine's, read-only, so it runs this Python and this tree.
Exit status 0: the tests passed, or the machine cannot be run here (one line says why). See docs/links.rst.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.kernel.image import KEPT, Skip, fetched, initramfs, kernel_package

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86", "depmod": "kmod", "modprobe": "kmod", "apt-get": "apt"}
"""Programs that are needed, and the Debian package of each."""
MEMORY_MIB = 1024
BOOT_AND_TEST_S = 400
"""A whole run takes 210 to 270 s on two cores that have nothing else to do; a hanging one must not hang CI."""
SWITCH_S = 30
"""Added for each agreed switch beyond those of every run."""
SHOWN_CHARACTERS = 4000
"""Of the console's end, when the machine ended without a result."""


def main() -> int:
    """Run it all; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernel.run", description="Kernel WireGuard's tests in QEMU.")
    parser.add_argument("--switches", type=int, default=0, help="agreed switches over kernel WireGuard (4 if not said)")
    switches = parser.parse_args().switches
    began = time.monotonic()
    try:
        check()
        package = kernel_package()
        kernel = fetched(package, KEPT)
        busybox = fetched("busybox-static", ["./bin/busybox"]) / "bin" / "busybox"
        release = next((kernel / "lib" / "modules").iterdir()).name
        archive = initramfs(kernel, release, busybox)
    except Skip as reason:
        print(f"test-kernel: skipped: {reason}")
        return 0
    print(f"test-kernel: {package} ready after {time.monotonic() - began:.0f} s, booting", flush=True)
    with tempfile.TemporaryDirectory(prefix="lanrage-kernel-") as name:
        out = Path(name)
        (out / "initramfs").write_bytes(archive)
        status = boot(kernel, release, out, switches)
    print(f"test-kernel: exit status {status} after {time.monotonic() - began:.0f} s")
    return status


def check() -> None:
    """Find out first what is missing."""
    if os.geteuid() != 0:
        raise Skip("the guest's root is this machine's, which only root may read whole; run it as root")
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            raise Skip(f"{program} is not installed: apt-get install {package}")


def boot(kernel: Path, release: str, out: Path, switches: int) -> int:
    """Run the machine, show its tests as they go, and return their exit status."""
    words = f"console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr random.trust_cpu=on modules={kernel}"
    words += f" python={sys.executable} repository={REPOSITORY}"
    words += f" switches={switches}" if switches else ""
    argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-M", "q35"]
    argv += ["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MIB)]
    argv += ["-kernel", str(kernel / "boot" / f"vmlinuz-{release}"), "-initrd", str(out / "initramfs")]
    argv += ["-append", words]
    argv += ["-serial", f"file:{out}/console.log"]
    argv += ["-fsdev", "local,id=r,path=/,security_model=none,readonly=on,multidevs=remap"]
    argv += ["-device", "virtio-9p-pci,fsdev=r,mount_tag=hostroot"]
    argv += ["-fsdev", f"local,id=o,path={out},security_model=none", "-device", "virtio-9p-pci,fsdev=o,mount_tag=out"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as machine:
        try:
            follow(machine, out / "tests.log", BOOT_AND_TEST_S + SWITCH_S * switches)
        finally:
            machine.kill()
    try:
        return int((out / "rc").read_text())
    except (OSError, ValueError):
        console = out / "console.log"
        print(console.read_text(errors="replace")[-SHOWN_CHARACTERS:] if console.exists() else "no console")
        print("test-kernel: the machine ended without a result")
        return 99


def follow(machine: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Print what is added to the log until the machine ends or its time is up."""
    deadline, shown, running = time.monotonic() + seconds, 0, True
    while running and time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            machine.wait(0.5)
            running = False
        if log.exists():
            text = log.read_bytes()
            sys.stdout.write(text[shown:].decode("utf-8", "replace"))
            sys.stdout.flush()
            shown = len(text)


if __name__ == "__main__":
    sys.exit(main())
