"""This machine, as far as services are installed into it: files, programs, and whether systemd runs here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import attrs

from lanrage.core.service_files import PIECES, VENDOR, ServiceRole, packaged, unit_of
from lanrage.errors import LanrageError, StoreError
from lanrage.net.firewalls import Tools
from lanrage.store.files import write_atomic

DATA = files("lanrage") / "data" / "service"
READABLE = 0o644
FOLDER = 0o755
RUNNING = "/run/systemd/system"
"""Is there while systemd is the first process (sd_booted(3))."""
PROGRAMS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
NO_SYSTEMD = "systemd does not run here"


@attrs.frozen
class Place:
    """Where services are installed.

    :param root: of the file system; a test's own folder.
    :param run: runs a program, gives what it said, raises :class:`lanrage.errors.LanrageError`.
    :param bin: folder of the programs.
    :param admin: this process is root.
    """

    root: Path = Path("/")
    run: Callable[[tuple[str, ...]], str] = attrs.field(factory=lambda: Tools().run)
    bin: str = attrs.field(factory=lambda: str(Path(sys.executable).parent))
    admin: bool = attrs.field(factory=lambda: os.geteuid() == 0)

    @property
    def systemd(self) -> bool:
        """Whether systemd runs here."""
        return self.at(RUNNING).is_dir()

    def at(self, path: str) -> Path:
        """A path below the root."""
        return self.root / path.lstrip("/")

    def folders(self) -> set[str]:
        """Those of the pieces' ``beside`` that are there."""
        return {piece.beside for piece in PIECES if piece.beside and self.at(piece.beside).is_dir()}

    def standing(self, paths: Iterable[str]) -> dict[str, str]:
        """What is at paths, as text; those that are not there are left out.

        :raises StoreError: one cannot be read.
        """
        found = {}
        for path in paths:
            try:
                found[path] = self.at(path).read_text(encoding="utf-8", errors="replace")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise StoreError(f"{path} cannot be read: {error.strerror}") from error
        return found

    def has_package(self, role: ServiceRole) -> bool:
        """Whether a package brought the unit of a role."""
        units = [f"{folder}/{unit_of(role)}" for folder in VENDOR]
        return packaged(role, [path for path in units if self.at(path).is_file()])

    def write(self, path: str, text: str) -> None:
        """Write a file that everybody may read, and its folder.

        :raises StoreError: names the file and the reason.
        """
        place = self.at(path)
        try:
            place.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{place.parent} cannot be made: {error.strerror}") from error
        write_atomic(place, text.encode(), READABLE)
        place.chmod(READABLE)

    def remove(self, path: str) -> None:
        """Remove a file, and the folder of drop-ins that it leaves empty.

        :raises StoreError: names the file and the reason.
        """
        place = self.at(path)
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be removed: {error.strerror}") from error
        if place.parent.name.endswith(".d") and "systemd" in place.parts:
            with suppress(OSError):  # others' drop-ins are in it
                place.parent.rmdir()

    def has(self, program: str) -> bool:
        """Whether a program of the system is here."""
        return any(self.at(f"{folder}/{program}").is_file() for folder in PROGRAMS)

    def said(self, *words: str) -> str:
        """What a program says; empty where it fails or is not there."""
        try:
            return self.run(words)
        except LanrageError:
            return ""


def shipped(source: str) -> str:
    """The text of a piece as it is shipped."""
    return (DATA / source).read_text(encoding="utf-8")
