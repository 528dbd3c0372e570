"""What every protocol of port mapping does at a real gateway (:class:`lanrage.interfaces.IPortMapper`)."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import TestCase

from lanrage.core.mapping import LIFETIME_S, Lease, Method, NotMapped, Transport, Wish
from lanrage.interfaces import IPortMapper
from lanrage.lab import igd
from lanrage.net.igd_mapper import IgdMapper
from lanrage.net.natpmp_mapper import NatPmpMapper
from lanrage.net.pcp_mapper import PcpMapper
from tests.mapped_router import GATEWAY, NEIGHBOUR, PUBLIC, MappedRouter

NONCE, OTHER_NONCE = bytes(range(12)), bytes(range(12, 24))
MAKERS: dict[Method, Any] = {Method.PCP: PcpMapper, Method.NAT_PMP: NatPmpMapper, Method.IGD: IgdMapper}
PORT = 51820
WISH = Wish(Transport.UDP, PORT)


class MapperContract(TestCase):
    """One protocol against Debian's miniupnpd; subclasses name it."""

    method: Method
    timeout = 60

    def setUp(self) -> None:
        """The home network."""
        from twisted.internet import reactor

        self.world = MappedRouter(reactor)
        self.addCleanup(self.world.close)
        self.mapper: IPortMapper = self.make()

    def make(self) -> IPortMapper:
        """The mapper of a program that starts anew."""
        made: IPortMapper = MAKERS[self.method](self.world.reactor, GATEWAY)
        return made

    def lease(self, external: int, wish: Wish = WISH) -> Lease:
        """As the journal keeps it."""
        return Lease(self.method, GATEWAY.address, GATEWAY.source, wish, external, NONCE, 0)

    async def test_map_renew_release(self) -> None:
        """A mapped port is reached from outside, stays so when renewed, and not any more once released; twice too."""
        for _ in range(2):
            grant = await self.mapper.map(WISH, PORT, NONCE)
            self.assertEqual(
                (PUBLIC, PORT, LIFETIME_S, False),
                (grant.external.host, grant.external.port, grant.lifetime, grant.lost),
            )
            self.assertTrue(self.world.knocks_at(grant.external, PORT))
        for _ in range(2):
            await self.mapper.unmap(self.lease(grant.external.port))
            self.assertFalse(self.world.maps(Transport.UDP, PORT))

    async def test_tcp(self) -> None:
        """TCP ports are mapped, too, beside UDP of the same number."""
        wish = Wish(Transport.TCP, PORT)
        await self.mapper.map(WISH, PORT, OTHER_NONCE)
        await self.mapper.map(wish, PORT, NONCE)
        self.assertTrue(self.world.maps(Transport.TCP, PORT))
        await self.mapper.unmap(self.lease(PORT, wish))
        self.assertFalse(self.world.maps(Transport.TCP, PORT))
        self.assertTrue(self.world.maps(Transport.UDP, PORT))

    async def test_gateway_restarted(self) -> None:
        """A gateway that forgot the mapping makes it again, and that it forgot is told."""
        await self.mapper.map(WISH, PORT, NONCE)
        self.world.reactor.ahead += 600  # as if so many seconds went by
        self.world.stop()
        self.assertFalse(self.world.maps(Transport.UDP, PORT))
        self.world.start()
        grant = await self.again()
        self.assertTrue(grant.lost)
        self.assertTrue(self.world.knocks_at(grant.external, PORT))

    async def again(self) -> Any:
        """Map once more; a first call may find that the gateway has moved."""
        try:
            return await self.mapper.map(WISH, PORT, NONCE)
        except NotMapped as error:
            self.assertTrue(error.absent)
            return await self.mapper.map(WISH, PORT, NONCE)

    async def test_taken(self) -> None:
        """A port outside that leads to a neighbour stays its own: another is given, or none to who must have it."""
        neighbour = MAKERS[self.method](self.world.reactor, attrs.evolve(GATEWAY, source=NEIGHBOUR))
        await neighbour.map(WISH, PORT, OTHER_NONCE)
        grant = await self.mapper.map(WISH, PORT, NONCE)
        self.assertNotEqual(PORT, grant.external.port)
        self.assertTrue(self.world.knocks_at(grant.external, PORT))
        await self.mapper.unmap(self.lease(grant.external.port))
        exact = Wish(Transport.UDP, PORT, exact=True)
        with self.assertRaises(NotMapped) as caught:
            await self.mapper.map(exact, PORT, NONCE)
        self.assertFalse(caught.exception.absent)
        self.assertEqual(1, self.world.rules().count("dnat"))

    async def test_of_an_earlier_life(self) -> None:
        """Who starts anew removes what the journal tells, even where it does not tell the port outside."""
        for known in (True, False):
            grant = await self.mapper.map(WISH, PORT, NONCE)
            await self.make().unmap(self.lease(grant.external.port if known else 0))
            self.assertFalse(self.world.maps(Transport.UDP, PORT))

    async def test_no_gateway(self) -> None:
        """A router on which nothing listens is told at once, or within seconds."""
        igd.stop(self.world.pid)
        with self.assertRaises(NotMapped) as caught:
            await self.mapper.map(WISH, PORT, NONCE)
        self.assertTrue(caught.exception.absent)
