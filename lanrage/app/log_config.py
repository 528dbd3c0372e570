"""What ``twistd lanrage`` is told of its log, beside what twistd's own options say (``docs/logging.rst``)."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import ILogObserver, Logger

from lanrage import __version__
from lanrage.app.config import folders
from lanrage.app.settings_options import parameters, read, text_of
from lanrage.core.settings_limits import LOG_FILE_COUNT, LOG_FILE_SIZE
from lanrage.core.settings_machine_room import LOG_SETTINGS
from lanrage.errors import BadInput
from lanrage.logs.configure import get_level, make_stream
from lanrage.logs.output import RotatingFile, check_file
from lanrage.logs.stream import LogStream

LOG = parameters(LOG_SETTINGS)
"""Options of all roles (:class:`twisted.python.usage.Options`)."""

DAEMON_FILE = "twistd.log"
"""Where a daemon logs that was told nothing: what twistd does by itself."""


@attrs.frozen
class LogSettings:
    """Settings of the log.

    :param form: ``plain`` or ``json``.
    :param level: as :func:`lanrage.logs.set_level` takes it.
    :param file: None = where twistd would log.
    :param size: bytes after which a file is set aside.
    :param count: files that are set aside and kept.
    """

    form: str = "plain"
    level: str = "info"
    file: Path | None = None
    size: int = LOG_FILE_SIZE
    count: int = LOG_FILE_COUNT

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> LogSettings:
        """Read a role's options.

        :raises BadInput: names the option and the rule.
        """
        file = text_of(options, "log.file")
        if file:
            _check_place(Path(file), folders(dict(options))[0])
        return cls(
            read(options, "log.format"),
            str(read(options, "log.level")),
            Path(file) if file else None,
            read(options, "log.file_size"),
            read(options, "log.file_count"),
        )


def check_log_file(options: Mapping[str, str]) -> None:
    """Whether the next start could write the log file that is set.

    :raises BadInput: field ``log-file``: a name without its folder, which would be another file for each start; or
        what is there cannot be written, or is no log.
    """
    file = text_of(options, "log.file")
    if not file:
        return
    path = Path(file)
    if not path.is_absolute():
        raise BadInput("log-file", f"{file!r} is no absolute path: it depends on the folder of each start")
    check_file(path)


class LoggedService(MultiService):
    """A service whose application logs by a stream of its own, which twistd begins to use before the service starts.

    :param service: what it holds.
    :param stream: writes the log.
    :param role: as the user named it.
    """

    log = Logger()

    def __init__(self, service: IService, stream: LogStream, role: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._stream, self._role = stream, role
        service.setServiceParent(self)

    def setServiceParent(self, parent: Any) -> None:
        """Become a part of twistd's application, and name it the observer of its log events."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        parent.setComponent(ILogObserver, self._stream)

    def startService(self) -> None:
        """Start, and tell of what."""
        self.log.info("LANrage {version} starts as {role}", version=__version__, role=self._role)
        self.log.debug("log lines are written from {least} on", least=get_level())
        super().startService()  # type: ignore[no-untyped-call]

    def stopService(self) -> Deferred[Any]:
        """Stop, then tell how many repeated warnings were held back."""
        stopping = maybeDeferred(super().stopService)
        return stopping.addBoth(self._stopped)

    def _stopped(self, result: Any) -> Any:
        self.log.info("LANrage stops as {role}", role=self._role)
        self._stream.flush()
        return result


def logged(service: IService, settings: LogSettings, twistd: Mapping[str, Any], reactor: Any, role: str) -> IService:
    """The service with its log as the settings say, and where they say nothing as twistd's options do.

    ``--logger`` of twistd is the user's own observer: it wins over all of ours, and the service stays as it is.

    :param twistd: twistd's own options.
    :raises BadInput: field ``log-file``, when it cannot be opened.
    """
    if twistd.get("logger"):
        return service
    file, name = settings.file, ""
    if file is None and twistd.get("syslog"):
        name = str(twistd.get("prefix") or "lanrage")
    elif file is None:
        file = _twistd_file(twistd)
    words = {"size": settings.size, "count": settings.count, "syslog": name, "clock": reactor, "role": role}
    stream = make_stream(settings.form, settings.level, file=file, **words)
    _rotate_on_signal(stream, reactor)
    return LoggedService(service, stream, role)


def _twistd_file(twistd: Mapping[str, Any]) -> Path | None:
    """The file that twistd would log to; None = standard output."""
    path, stays = str(twistd.get("logfile") or ""), bool(twistd.get("nodaemon", True))
    if path == "-" and not stays:
        sys.exit("lanrage: a daemon cannot log to standard output")
    if path == "-" or (stays and not path):
        return None
    return Path(path or DAEMON_FILE).absolute()


def _rotate_on_signal(stream: LogStream, reactor: Any) -> None:
    """SIGUSR1 sets the log file aside, as it does with twistd's own; a handler that is there already stays."""
    file = stream.output
    if isinstance(file, RotatingFile) and signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL:
        signal.signal(signal.SIGUSR1, lambda *_: reactor.callFromThread(file.rotate))


def _check_place(file: Path, state: Path) -> None:
    """A log in the state folder could take the name of a file that keys and parties are read from.

    :raises BadInput: field ``log-file``.
    """
    if file.resolve().is_relative_to(state.resolve()):
        raise BadInput("log-file", f"{file} is inside the state folder {state}: a log must be somewhere else")
