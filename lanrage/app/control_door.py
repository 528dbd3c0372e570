"""The control server's door: its certificate, its one port, and who may come in."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path
from socket import socket
from typing import Any

import attrs
from OpenSSL.SSL import Context
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.door_limits import CONNECTIONS_LIMIT, DoorLimits
from lanrage.core.identity import SigningKey
from lanrage.core.origins import Proxies
from lanrage.errors import BadInput, LanrageError
from lanrage.net.control_server import ServerFactory
from lanrage.net.descriptors import raise_limit
from lanrage.net.endpoints import listen_at
from lanrage.net.front import FrontFactory
from lanrage.net.tls_server import TlsSource, authority, own_context
from lanrage.store.certificate import CertificateFiles, load_certificate

BACKLOG = 1024
"""Connections that the system holds until they are accepted, instead of Twisted's 50: a thousand nodes may come back in
the same second after a restart."""
LOOK_INTERVAL = 10.0
"""Seconds between two looks at the certificate's files: a new one counts that soon."""
WARNING = 7 * 86400.0
"""Seconds before a CA's certificate expires at which the log says so: certbot renews 30 days before."""

log = Logger()


@attrs.frozen
class DoorSettings:
    """What the door needs to know.

    :param files: a CA's certificate; ``None`` = the server makes its own.
    :param proxies: believed about their clients, and allowed plain HTTP.
    """

    files: CertificateFiles | None = None
    proxies: Proxies = Proxies()

    @classmethod
    def parse(cls, certificate: str, key: str, proxies: str) -> DoorSettings:
        """Read the options ``--tls-certificate``, ``--tls-key`` and ``--proxy``.

        :raises BadInput: names the option and the rule.
        """
        for field, given, other in (("tls-key", key, "tls-certificate"), ("tls-certificate", certificate, "tls-key")):
            if not given and (key or certificate):
                raise BadInput(field, f"it is needed, too, when {other} is given")
        files = CertificateFiles(Path(certificate), Path(key)) if certificate else None
        return cls(files, Proxies.parse(proxies, "proxy"))


@attrs.define(eq=False)
class Door:
    """Listens for a control server.

    :param reactor: listens and keeps time.
    :param folder: where the server's own certificate lies.
    :param key: the server's own.
    :param now: seconds since the epoch.
    """

    _reactor: Any
    _settings: DoorSettings
    _folder: Path
    _key: SigningKey
    _now: Callable[[], float]
    _random: Callable[[int], bytes]
    _source: TlsSource | None = attrs.field(init=False, default=None)
    _front: FrontFactory | None = attrs.field(init=False, default=None)
    _port: IListeningPort | None = attrs.field(init=False, default=None)
    _looking: LoopingCall | None = attrs.field(init=False, default=None)
    _mark: tuple[object, ...] = attrs.field(init=False, default=())
    _expires: float = attrs.field(init=False, default=inf)
    _failure: BadInput | None = attrs.field(init=False, default=None)
    _trouble: str = attrs.field(init=False, default="")

    async def open(self, listen: str, inner: ServerFactory) -> None:
        """Load the certificate and listen.

        :param listen: a Twisted endpoint string.
        :raises BadInput: fields ``listen``, ``tls-certificate``, ``tls-key``.
        :raises StoreError: the server's own certificate cannot be written.
        """
        context = self._load()
        assert context is not None  # the first one
        self._source = source = TlsSource(context)
        limits = DoorLimits(raise_limit(CONNECTIONS_LIMIT))
        self._front = front = FrontFactory(inner, source, limits, self._settings.proxies)
        self._port = port = await listen_at(self._reactor, listen, front, "listen", "tcp:7766")
        if isinstance(waiting := getattr(port, "socket", None), socket):
            waiting.listen(BACKLOG)
        self._looking = LoopingCall(self.look)
        self._looking.clock = self._reactor
        self._looking.start(LOOK_INTERVAL, now=False).addErrback(_broken)

    @property
    def address(self) -> Any:
        """The address it listens at (``IAddress``); ``None`` when it is shut."""
        return self._port.getHost() if self._port is not None else None

    def stop_listening(self) -> Deferred[Any]:
        """Let nobody in any more; fires when the port is closed."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.stop()
        port, self._port = self._port, None
        return maybeDeferred(port.stopListening if port is not None else lambda: None)

    @property
    def waiting(self) -> int:
        """Connections that are not gone yet."""
        return len(self._front.fronts) if self._front is not None else 0

    def cut_silent(self) -> None:
        """End the connections that have said nothing yet, which the channel does not know."""
        if self._front is not None:
            self._front.cut()

    def look(self) -> None:
        """Take a new certificate when there is one; a broken one changes nothing."""
        assert self._source is not None
        trouble = ""
        try:
            context = self._load()
            if context is not None:
                self._source.context = context
                log.info("new connections get a new certificate")
        except LanrageError as error:
            trouble = f"the new certificate is not used, the old one still is: {error}"
        if not trouble and self._now() > self._expires - WARNING:
            trouble = "the certificate expires within a week, or has expired: replace its files"
        if trouble and trouble != self._trouble:
            log.warn("{trouble}", trouble=trouble)
        self._trouble = trouble

    def _load(self) -> Context | None:
        """The TLS context of this moment; ``None`` when it is the one that was loaded last."""
        now, files = self._now(), self._settings.files
        if files is None:
            pem = load_certificate(self._folder, self._key, now, self._random)
            if (pem,) == self._mark:
                return None
            self._mark = (pem,)
            return own_context(self._key, pem)
        mark = files.mark()
        if mark == self._mark:
            if self._failure is not None:
                raise self._failure
            return None
        self._mark, self._failure = mark, None
        try:
            found = authority(*files.read(), now)
        except BadInput as error:
            self._failure = error
            raise
        self._expires = found.expires
        return found.context


def _broken(failure: Failure) -> None:
    log.failure("the certificate is not looked after any more", failure=failure)
