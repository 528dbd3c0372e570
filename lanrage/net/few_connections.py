"""A listening port with few connections at once: who comes when they are all taken is hung up on."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocolFactory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory


class FewConnections(WrappingFactory[ProtocolWrapper]):
    """Knows its connections, whatever protocol each is handed over to.

    :param wrapped: makes their protocols.
    :param limit: connections at once.
    """

    noisy = False

    def __init__(self, wrapped: IProtocolFactory, limit: int) -> None:
        super().__init__(wrapped)  # type: ignore[no-untyped-call]
        self._limit = limit

    def buildProtocol(self, addr: Any) -> Any:
        """Twisted: somebody connected."""
        return super().buildProtocol(addr) if len(self.protocols) < self._limit else None

    def abort(self) -> None:
        """End all connections now."""
        for connection in list(self.protocols):
            connection.transport.abortConnection()
