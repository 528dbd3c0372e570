"""A relay's standing link to its control server: reports every few seconds, hears whose tickets are void.

The relay logs in as a node does, by an identity of its own that the server's operator has named (``--relay-key``). It
carries on without the link: tickets are verified offline.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.relay import RelayService
from lanrage.app.relay_keeper import revocation_of
from lanrage.core.identity import fingerprint
from lanrage.core.relay_report import REPORT_INTERVAL, RelayReport
from lanrage.errors import LanrageError, Refused
from lanrage.net.control_client import ControlClient, Dialling
from lanrage.store.files import write_atomic
from lanrage.store.keys import load_node_keys
from lanrage.wire.control import Accepted, NoticeBody
from lanrage.wire.control_relay import REVOKED_LIMIT, RelayTold, ReportRelay, Revoked, TicketsRevoked

PUBLIC_KEY_FILE = "relay.pub"
PUBLIC_MODE = 0o644
"""Everybody may know a relay's identity: the control server's operator is given it."""

log = Logger()


class RelayReporter(Service):
    """Reports for one relay.

    :param address: ``HOST:PORT`` of the control server.
    :param server_key: the control server's Ed25519 public key; no other is reported to.
    :param folder: holds the relay's own identity, made at its first start.
    """

    def __init__(
        self,
        reactor: Any,
        relay: RelayService,
        address: str,
        server_key: bytes,
        folder: Path,
        *,
        random: Callable[[int], bytes] = os.urandom,
        dialling: Dialling | None = None,
    ) -> None:
        self._reactor = reactor
        self._relay = relay
        self._address = address
        self._pin = fingerprint(server_key)
        self._folder = folder
        self._random = random
        self._dialling = dialling
        self._client: ControlClient | None = None
        self._number = 0
        self._refused = ""
        self._asking: Deferred[None] | None = None
        self._again = False
        self._loop = LoopingCall(self.report)
        self._loop.clock = reactor
        relay.on_draining = self.report

    def startService(self) -> None:
        """Log in, and report as soon as that is done.

        :raises StoreError: the relay's identity cannot be read or made.
        """
        keys = load_node_keys(self._folder, self._random)
        public = keys.identity.public.hex()
        _publish(self._folder / PUBLIC_KEY_FILE, public.encode() + b"\n")
        log.info("this relay reports as {public_key}, which the control server takes by --relay-key", public_key=public)
        self._client = ControlClient(
            self._reactor,
            keys,
            (self._address,),
            self._pin,
            on_notice=self._heard,
            on_connected=self._connected,
            dialling=self._dialling,
        )
        self._client.startService()
        self._loop.start(REPORT_INTERVAL, now=False)
        super().startService()  # type: ignore[no-untyped-call]

    def stopService(self) -> Deferred[None]:
        """Report no more; fires when the link is closed."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self._loop.running:
            self._loop.stop()
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
        client, self._client = self._client, None
        return client.stopService() if client is not None else succeed(None)

    @property
    def trouble(self) -> str:
        """Why the control server does not take the reports; empty = it does."""
        if self._client is None:
            return "not started"
        return self._client.failure or self._refused

    def report(self) -> None:
        """Tell the control server how the relay fares, now."""
        if self._client is None or not self._client.connected:
            return
        if self._asking is not None:
            self._again = True
            return
        self._again = False
        self._asking = asking = Deferred.fromCoroutine(self._report(self._client))
        asking.addErrback(_failed)
        asking.addBoth(self._done, asking)

    # --- within -------------------------------------------------------------------------------------------------------

    def _connected(self, _info: Accepted) -> None:
        self._number = 0  # another server process counts anew
        self.report()

    def _done(self, _result: object, asking: Deferred[None]) -> None:
        if self._asking is asking:
            self._asking = None
            if self._again:
                self.report()

    async def _report(self, client: ControlClient) -> None:
        try:
            told = await client.request(_message(self._relay.report(), self._number))
        except LanrageError as error:
            if isinstance(error, Refused) and str(error) != self._refused:
                self._refused = str(error)
                log.warn("the control server does not take this relay's reports: {why}", why=str(error))
            return
        self._refused = ""
        if isinstance(told, RelayTold):
            self._revoke(told.revoked)
            self._number = told.number
            self._again = self._again or len(told.revoked) == REVOKED_LIMIT

    def _heard(self, body: NoticeBody, _correlation_id: str) -> None:
        if isinstance(body, TicketsRevoked):
            self._revoke(body.revoked)

    def _revoke(self, rows: Iterable[Revoked]) -> None:
        for row in rows:
            self._relay.revoke(revocation_of(row))


def _publish(path: Path, line: bytes) -> None:
    """Write the public key where it is not there already: the disk may be read-only by now."""
    try:
        if path.read_bytes() == line:
            return
    except OSError:
        pass  # it is not there, or is not to be read: writing says which
    write_atomic(path, line, PUBLIC_MODE)


def _failed(failure: Failure) -> None:
    if failure.check(CancelledError) is None:
        log.failure("a relay's report failed", failure=failure)


def _message(report: RelayReport, since: int) -> ReportRelay:
    rates = report.rates
    return ReportRelay(
        report.host,
        report.first,
        report.last,
        report.region,
        report.load,
        report.draining,
        report.bindings,
        report.capacity,
        rates.packets,
        rates.bytes,
        rates.drops,
        report.trouble,
        since,
    )
