"""The gateway for browsers as one service of a node (``docs/web-api.rst``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.app.api_calls import Calls
from lanrage.app.operation import Operation
from lanrage.app.operations_web import WebOpened
from lanrage.app.results import WebShown
from lanrage.app.web_api import WebApi
from lanrage.app.web_documents import WebDocuments
from lanrage.app.web_files import WebFile, list_files
from lanrage.app.web_login import WebLogin
from lanrage.app.web_socket import WebSocketFactory
from lanrage.core.settings_web import WebListen
from lanrage.core.web_door import in_url
from lanrage.core.web_sessions import CODE_SECONDS
from lanrage.errors import BadInput, Refused
from lanrage.net.loopback_peer import user_of
from lanrage.net.shared_places import WhoIs
from lanrage.net.web_port import WebPort

AGAIN_SECONDS = 30.0
"""Until a port that was taken is tried again: the node before this one may still be at its end."""

log = Logger()


class WebService(Service):
    """Serves the page while it runs. A node is of use without it, so it never fails: :meth:`shown` says what is wrong.

    :param listen: where; ``None``: nowhere.
    :param calls: of the node.
    :param rows: the operations that the node's role does.
    :param random: ``os.urandom``, or a test's own.
    :param who_is: tells which user opened a connection; the kernel's answer, or a test's own.
    :ivar started: fires when it listens, or cannot.
    """

    def __init__(
        self,
        reactor: Any,
        listen: WebListen | None,
        calls: Calls,
        rows: Sequence[Operation],
        random: Callable[[int], bytes] = os.urandom,
        who_is: WhoIs = user_of,
    ) -> None:
        self._reactor, self._listen = reactor, listen
        self._login = WebLogin(reactor, random)
        self._socket = WebSocketFactory(reactor, calls, self._login)
        self._files: dict[str, WebFile] = {}
        api = WebApi(calls, self._login, WebDocuments(reactor, rows), self._files)
        self._port = WebPort(reactor, api.answer, self._socket, self._login.owner, who_is)
        self._trouble = ""
        self._again: IDelayedCall | None = None
        self.started: Deferred[None] = succeed(None)

    def startService(self) -> None:
        """Listen."""
        super().startService()  # type: ignore[no-untyped-call]
        self.started = Deferred.fromCoroutine(self._open())

    async def _open(self) -> None:
        self._again = None
        if self._listen is None:
            return
        self._files.update(list_files())
        try:
            await self._port.open(self._listen)
        except BadInput as error:
            if not self._trouble:
                log.warn("the page for browsers is not served now: {reason}", reason=error.rule)
            self._trouble = error.rule
            if self.running:
                self._again = self._reactor.callLater(AGAIN_SECONDS, self._try_again)
            return
        self._trouble = ""
        if self.running:
            log.info("the page for browsers is at {url}", url=self.url)
        else:  # stopped meanwhile
            await self._port.close()

    def _try_again(self) -> None:
        self.started = Deferred.fromCoroutine(self._open())

    def stopService(self) -> Deferred[None]:
        """Serve nobody any more."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        await self._port.stop_listening()
        await self._socket.stop()
        await self._port.close()
        self._login.stop()

    @property
    def url(self) -> str:
        """The page's address; empty while it is not served."""
        address = self._port.address
        return f"http://{in_url(address.host, address.port)}/" if address is not None else ""

    def shown(self) -> WebShown | None:
        """For the node's status; ``None`` where it is switched off."""
        return WebShown(self.url, self._trouble) if self._listen is not None else None

    def open_for(self, user: int) -> WebOpened:
        """A link by which this user's browser logs in.

        :raises Refused: ``web_off``: it is switched off, or its port is taken; or ``busy``.
        """
        if self._listen is None:
            raise Refused("web_off", "this node serves no page: set web.listen and start it again")
        if not self.url:
            raise Refused("web_off", f"this node cannot serve its page: {self._trouble or 'it is just starting'}")
        return WebOpened(f"{self.url}#login={self._login.offer(user)}", self.url, CODE_SECONDS)
