"""What is written down about a laboratory, so that other commands find it and ``down`` works after any crash."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from lanrage.errors import BadInput
from lanrage.lab.conditions import Conditions, Weather
from lanrage.lab.netns import LabError
from lanrage.lab.plan import Plan, check_name, make_plan
from lanrage.lab.process import Started

BASE = Path("/run/lanrage-lab")
"""A laboratory does not survive a reboot, so neither should its folder."""

SOCKET_PATH_LIMIT = 107
"""A UNIX socket's path has at most 107 bytes (``sockaddr_un``)."""


@attrs.frozen
class Record:
    """The contents of ``lab.json``.

    :param node_options: of every node, beside the laboratory's own; `control_options` of the control server.
    :param log_options: of all roles.
    """

    name: str
    kinds: tuple[str, ...]
    weather: Weather = attrs.field(factory=Weather)
    udp_timeout: int | None = None
    code: str = ""
    relays: int = 1
    node_options: tuple[str, ...] = ()
    control_options: tuple[str, ...] = ()
    log_options: tuple[str, ...] = ()

    def to_json(self) -> str:
        """One JSON object, pairs as ``"A,B"``."""
        pairs = {",".join(pair): attrs.asdict(c) for pair, c in self.weather.pairs.items()}
        weather = {"whole": attrs.asdict(self.weather.whole), "pairs": pairs}
        return json.dumps({**attrs.asdict(self, recurse=False), "weather": weather})

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read what :meth:`to_json` wrote."""
        raw = json.loads(text)
        pairs = {(k.split(",")[0], k.split(",")[1]): Conditions(**c) for k, c in raw["weather"]["pairs"].items()}
        raw["weather"] = Weather(Conditions(**raw["weather"]["whole"]), pairs)
        options = {name: tuple(raw.get(name, ())) for name in ("node_options", "control_options", "log_options")}
        return cls(**{**raw, "kinds": tuple(raw["kinds"]), **options})


@attrs.frozen
class Folder:
    """The folder of one laboratory: its record, its processes, its logs, and a folder for each host."""

    path: Path

    @classmethod
    def of(cls, name: str, base: Path = BASE) -> Folder:
        """The folder that a laboratory of this name has or would have.

        :raises BadInput: when a socket in it would have too long a path.
        """
        path = base / check_name(name)
        sockets = (path / "h999" / "run" / "node.sock", path / "control" / "control.sock")
        if max(len(os.fsencode(each)) for each in sockets) > SOCKET_PATH_LIMIT:
            raise BadInput("dir", f"{base} is too long a path for the sockets in it")
        return cls(path)

    def create(self, record: Record) -> None:
        """Take the name and write the record.

        :raises LabError: when a laboratory of this name is there.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.path.mkdir(mode=0o700)
        except FileExistsError as error:
            hint = f"lanrage lab down --name {record.name}"
            raise LabError(f"a laboratory named {record.name} is there already; remove it: {hint}") from error
        self.save(record)

    def load(self) -> tuple[Record, Plan]:
        """The record and the plan that follows from it.

        :raises LabError: when there is no such laboratory.
        """
        try:
            record = Record.from_json((self.path / "lab.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LabError(f"there is no laboratory named {self.path.name}; lanrage lab up makes one") from error
        return record, make_plan(record.name, record.kinds, record.relays)

    def save(self, record: Record) -> None:
        """Write the record, at once or not at all."""
        draft = self.path / "lab.json.new"
        draft.write_text(record.to_json(), encoding="utf-8")
        draft.replace(self.path / "lab.json")

    def add_process(self, process: Started) -> None:
        """Write down a process that was started."""
        with (self.path / "processes").open("a", encoding="utf-8") as file:
            file.write(f"{process.role} {process.pid} {process.ticks}\n")

    def processes(self) -> list[Started]:
        """Every process ever started, also those that are gone; a half-written line is left out."""
        try:
            lines = (self.path / "processes").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        rows = [line.split() for line in lines]
        return [Started(row[0], int(row[1]), int(row[2])) for row in rows if len(row) == 3]

    def role(self, role: str) -> Path:
        """The folder of a host or service, made when first asked for."""
        path = self.path / role
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def log(self, role: str) -> Path:
        """The file with what a process said."""
        return self.path / f"{role}.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one command at a time change the laboratory; a crash lets go of the lock."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError as error:
            raise LabError(f"there is no laboratory named {self.path.name}; lanrage lab up makes one") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def remove(self) -> None:
        """Delete the folder, and the one around it when it is empty."""
        shutil.rmtree(self.path, ignore_errors=True)
        try:
            self.path.parent.rmdir()
        except OSError:
            return
