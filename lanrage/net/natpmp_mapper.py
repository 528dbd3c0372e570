"""Ports mapped by NAT-PMP (RFC 6886)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from lanrage.core.gateway_epoch import EpochWatch
from lanrage.core.links import Endpoint
from lanrage.core.mapping import LIFETIME_S, LONGEST_S, Gateway, Grant, Lease, Method, NotMapped, Wish
from lanrage.errors import DecodeError
from lanrage.interfaces import IPortMapper
from lanrage.net.gateway_port import ask, refusal
from lanrage.wire import natpmp, pcp
from lanrage.wire.natpmp import Mapping, Request, Response, Result

ELSEWHERE = (Result.UNSUPPORTED_VERSION, Result.UNSUPPORTED_OPCODE)
"""Results after which another protocol may do."""


@implementer(IPortMapper)
class NatPmpMapper:
    """One gateway.

    :param port: its UDP port.
    """

    method = Method.NAT_PMP

    def __init__(self, reactor: Any, gateway: Gateway, port: int = pcp.PORT) -> None:
        self._reactor = reactor
        self._gateway = gateway
        self._port = port
        self._epochs = EpochWatch()

    async def map(self, wish: Wish, external: int, nonce: bytes) -> Grant:
        """See :meth:`lanrage.interfaces.IPortMapper.map`; this protocol has no nonce."""
        del nonce
        told = await self._ask(Request(), lambda response: response.address is not None)
        lost = self._epochs.lost(told.epoch, self._reactor.seconds())
        mapped = await self._map(wish, external, LIFETIME_S)
        if told.address is None or not int(told.address) or not mapped.external_port or not mapped.lifetime:
            raise NotMapped("the router grants nothing")
        if wish.exact and mapped.external_port != wish.port:
            await self._map(wish, 0, 0)
            raise NotMapped(f"the router has another use for {wish}")
        return Grant(Endpoint(str(told.address), mapped.external_port), min(mapped.lifetime, LONGEST_S), lost)

    async def unmap(self, lease: Lease) -> None:
        """See :meth:`lanrage.interfaces.IPortMapper.unmap`."""
        await self._map(lease.wish, 0, 0)

    async def _map(self, wish: Wish, external: int, lifetime: int) -> Mapping:
        asked = Mapping(wish.transport, wish.port, external, lifetime)

        def fits(response: Response) -> bool:
            got = response.mapping
            return got is not None and (got.transport, got.internal_port) == (wish.transport, wish.port)

        response = await self._ask(Request(asked), fits)
        assert response.mapping is not None
        return response.mapping

    async def _ask(self, request: Request, fits: Callable[[Response], bool]) -> Response:
        def read(data: bytes) -> Response | None:
            try:
                response = natpmp.decode_response(data)
            except DecodeError:
                return None
            if response.result != Result.SUCCESS:
                raise refusal(Result, response.result, ELSEWHERE)
            return response if fits(response) else None

        return await ask(self._reactor, self._gateway, self._port, natpmp.encode_request(request), read)
