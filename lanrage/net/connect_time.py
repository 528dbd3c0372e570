"""How long a TCP connection takes to stand."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectError
from twisted.internet.error import ConnectionRefusedError as Refusal
from twisted.internet.protocol import Factory, Protocol

from lanrage.errors import Unreachable


class _Leaving(Protocol):
    """Says nothing and goes."""

    def connectionMade(self) -> None:
        """Twisted: it stands, which is all that was asked."""
        self.transport.abortConnection()  # type: ignore[union-attr]


async def connect_time(
    reactor: Any, host: str, port: int, timeout: float, source: str = "", *, refused: bool = False
) -> float:
    """Seconds until a TCP connection stood; it is closed at once.

    :param source: this machine's address to connect from; empty = the system's choice.
    :param refused: a refusal counts as well: the machine answered.
    :raises Unreachable: nobody takes connections there, or nobody answered in time.
    """
    since = reactor.seconds()
    bind = (source, 0) if source else None
    endpoint = TCP4ClientEndpoint(reactor, host, port, timeout=timeout, bindAddress=bind)
    try:
        await endpoint.connect(Factory.forProtocol(_Leaving))
    except Refusal as error:
        if not refused:
            raise Unreachable(f"{host} takes no connection on TCP port {port}") from error
    except (ConnectError, OSError) as error:
        raise Unreachable(f"{host} does not answer on TCP port {port}") from error
    return float(reactor.seconds() - since)
