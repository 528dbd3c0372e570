"""Ports mapped by PCP (RFC 6887)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from zope.interface import implementer

from lanrage.core.gateway_epoch import EpochWatch
from lanrage.core.links import Endpoint
from lanrage.core.mapping import LIFETIME_S, LONGEST_S, Gateway, Grant, Lease, Method, NotMapped, Wish
from lanrage.errors import DecodeError
from lanrage.interfaces import IPortMapper
from lanrage.net.gateway_port import ask, refusal
from lanrage.wire import natpmp, pcp
from lanrage.wire.pcp import Mapping, Request, Response, Result

ELSEWHERE = (Result.UNSUPP_VERSION, Result.UNSUPP_OPCODE)
"""Results after which another protocol may do."""
GONE = (Result.NO_RESOURCES,)
"""What some routers (miniupnpd 2.3) answer where a mapping that is to be removed is none any more."""


@implementer(IPortMapper)
class PcpMapper:
    """One gateway.

    :param port: its UDP port.
    """

    method = Method.PCP

    def __init__(self, reactor: Any, gateway: Gateway, port: int = pcp.PORT) -> None:
        self._reactor = reactor
        self._gateway = gateway
        self._port = port
        self._epochs = EpochWatch()

    async def map(self, wish: Wish, external: int, nonce: bytes) -> Grant:
        """See :meth:`lanrage.interfaces.IPortMapper.map`."""
        response = await self._ask(wish, LIFETIME_S, external, nonce)
        lost = self._epochs.lost(response.epoch, self._reactor.seconds())
        mapped = response.mapping
        if mapped is None or not response.lifetime or not mapped.external_port or not int(mapped.external):
            raise NotMapped("the router grants nothing")
        if wish.exact and mapped.external_port != wish.port:
            await self._ask(wish, 0, 0, nonce)
            raise NotMapped(f"the router has another use for {wish}")
        endpoint = Endpoint(str(mapped.external), mapped.external_port)
        return Grant(endpoint, min(response.lifetime, LONGEST_S), lost)

    async def unmap(self, lease: Lease) -> None:
        """See :meth:`lanrage.interfaces.IPortMapper.unmap`."""
        await self._ask(lease.wish, 0, 0, lease.nonce)

    async def _ask(self, wish: Wish, lifetime: int, external: int, nonce: bytes) -> Response:
        mapping = Mapping(nonce, wish.transport.number, wish.port, external)
        payload = pcp.encode_request(Request(self._gateway.source, lifetime, mapping))
        harmless = () if lifetime else GONE
        return await ask(self._reactor, self._gateway, self._port, payload, lambda data: _read(data, mapping, harmless))


def _read(data: bytes, asked: Mapping, harmless: Collection[int]) -> Response | None:
    try:
        response = pcp.decode_response(data)
    except DecodeError as error:
        if _is_natpmp(data):
            raise NotMapped("the router speaks NAT-PMP only", absent=True) from error
        return None
    echo = response.mapping
    if echo is None:
        if response.result == Result.SUCCESS:
            return None
    elif (echo.nonce, echo.protocol, echo.internal_port) != (asked.nonce, asked.protocol, asked.internal_port):
        return None  # of another question, or forged
    if response.result != Result.SUCCESS and response.result not in harmless:
        raise refusal(Result, response.result, ELSEWHERE)
    return response


def _is_natpmp(data: bytes) -> bool:
    """Whether a gateway of the older protocol says that it does not know this one (RFC 6887 appendix A)."""
    try:
        return natpmp.decode_response(data).result == natpmp.Result.UNSUPPORTED_VERSION
    except DecodeError:
        return False
