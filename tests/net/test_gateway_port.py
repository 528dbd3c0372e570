"""Hostile and broken gateways of PCP and NAT-PMP: what is no answer to this question counts as nothing."""

from __future__ import annotations

from ipaddress import IPv4Address

import attrs
import pytest
from twisted.trial.unittest import TestCase

from lanrage.core.links import Endpoint
from lanrage.core.mapping import NotMapped, Transport, Wish
from lanrage.net.gateway_port import ANSWERS_LIMIT, DELAYS_S, Question
from lanrage.net.natpmp_mapper import NatPmpMapper
from lanrage.net.pcp_mapper import PcpMapper
from lanrage.wire import natpmp, pcp
from lanrage.wire.pcp import Response, Result
from tests.namespaces import may_unshare
from tests.net.hostile_gateway import ADDRESS, ELSEWHERE, GATEWAY, HostileWorld

NONCE = bytes(range(12))
WISH = Wish(Transport.UDP, 51820)
EXTERNAL = IPv4Address("203.0.113.5")


def granted(data: bytes, **changes: object) -> bytes:
    """A right PCP answer to a request, or one that is changed."""
    request = pcp.decode_request(data)
    assert request.mapping is not None
    mapping = attrs.evolve(request.mapping, external=EXTERNAL, **changes)  # type: ignore[arg-type]
    return pcp.encode_response(Response(Result.SUCCESS, 3600, 100, mapping))


def refused(data: bytes, result: int) -> bytes:
    """A PCP error."""
    return pcp.encode_response(Response(result, 30, 100, pcp.decode_request(data).mapping))


def natpmp_granted(data: bytes) -> bytes:
    """A right NAT-PMP answer."""
    mapping = natpmp.decode_request(data).mapping
    if mapping is None:
        return natpmp.encode_response(natpmp.Response(0, 5, address=EXTERNAL))
    return natpmp.encode_response(natpmp.Response(0, 5, mapping))


class HostileCase(TestCase):
    """One gateway."""

    timeout = 120

    def setUp(self) -> None:
        """The namespace."""
        from twisted.internet import reactor

        self.world = HostileWorld(reactor)
        self.addCleanup(self.world.close)
        self.reactor = self.world.reactor

    async def absent(self, mapper: PcpMapper | NatPmpMapper) -> str:
        """It counts as one without this protocol."""
        with self.assertRaises(NotMapped) as caught:
            await mapper.map(WISH, WISH.port, NONCE)
        assert caught.exception.absent
        return str(caught.exception)


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TestPcpHostile(HostileCase):
    """PCP."""

    async def test_wrong_answers_first(self) -> None:
        """Rubbish, another nonce, port or protocol, and requests are passed over; the right answer counts."""

        def answer(data: bytes) -> list[bytes]:
            return [
                b"",
                b"\xff" * 1500,
                data,
                granted(data, nonce=bytes(12)),
                granted(data, internal_port=1),
                granted(data, protocol=6),
                pcp.encode_response(Response(Result.SUCCESS, 3600, 100, None, pcp.Opcode.ANNOUNCE)),
                granted(data, external_port=40000),
            ]

        self.world.udp(pcp.PORT, answer)
        grant = await PcpMapper(self.reactor, GATEWAY).map(WISH, WISH.port, NONCE)
        self.assertEqual((Endpoint(str(EXTERNAL), 40000), 3600), (grant.external, grant.lifetime))

    async def test_wrong_nonce(self) -> None:
        """An answer to another question alone is none, however often it comes."""
        self.world.udp(pcp.PORT, lambda data: [granted(data, nonce=bytes(12))] * 3)
        self.assertIn("does not answer", await self.absent(PcpMapper(self.reactor, GATEWAY)))

    async def test_answers_from_another_address(self) -> None:
        """Somebody else on the network who answers first is not heard."""
        gateway = self.world.udp(pcp.PORT, lambda data: [])
        other = self.world.udp(pcp.PORT, lambda data: [granted(data, external_port=666)], ELSEWHERE)
        gateway._answer = lambda data: [granted(data, external_port=666)]  # sent by the other's socket alone
        gateway.others, transport = [other.transport], gateway.transport
        gateway.transport = other.transport
        with self.assertRaises(NotMapped):
            await PcpMapper(self.reactor, GATEWAY).map(WISH, WISH.port, NONCE)
        gateway.transport = transport
        self.assertEqual(len(DELAYS_S), len(gateway.asked))

    async def test_refusals(self) -> None:
        """Words for people; another version or opcode means that another protocol may do."""
        results = iter([Result.NOT_AUTHORIZED, Result.USER_EX_QUOTA, 99, Result.UNSUPP_VERSION, Result.UNSUPP_OPCODE])
        self.world.udp(pcp.PORT, lambda data: [refused(data, next(results))])
        mapper, said = PcpMapper(self.reactor, GATEWAY), []
        for _ in range(5):
            with self.assertRaises(NotMapped) as caught:
                await mapper.map(WISH, WISH.port, NONCE)
            said.append((str(caught.exception).rpartition(" ")[2], caught.exception.absent))
        self.assertEqual(
            [
                ("NOT_AUTHORIZED", False),
                ("USER_EX_QUOTA", False),
                ("99", False),
                ("UNSUPP_VERSION", True),
                ("UNSUPP_OPCODE", True),
            ],
            said,
        )

    async def test_one_datagram_tells_natpmp(self) -> None:
        """A gateway of NAT-PMP alone is known by its answer to the first datagram."""
        answer = natpmp.encode_response(natpmp.Response(natpmp.Result.UNSUPPORTED_VERSION, 5))
        gateway = self.world.udp(pcp.PORT, lambda data: [answer])
        self.assertIn("NAT-PMP", await self.absent(PcpMapper(self.reactor, GATEWAY)))
        self.assertEqual(1, len(gateway.asked))

    async def test_grants_nothing(self) -> None:
        """A success without port or life is none; a life of years is cut to a day."""
        nothing = [{"external_port": 0}, {"external": IPv4Address(0)}]
        for changes in nothing:
            port = self.world.udp(pcp.PORT, lambda data: [])
            port._answer = lambda data, made=changes: [_changed(data, made)]  # type: ignore[misc]
            with self.assertRaises(NotMapped):
                await PcpMapper(self.reactor, GATEWAY).map(WISH, WISH.port, NONCE)
            await self.world._ports.pop().stopListening()
        self.world.udp(pcp.PORT, lambda data: [pcp.encode_response(attrs.evolve(_response(data), lifetime=2**32 - 1))])
        self.assertEqual(86400, (await PcpMapper(self.reactor, GATEWAY).map(WISH, WISH.port, NONCE)).lifetime)

    async def test_flood(self) -> None:
        """Of a flood of rubbish only so much is looked at; the sockets are closed whatever happens."""
        looked: list[bytes] = []
        self.world.udp(pcp.PORT, lambda data: [b"rubbish"] * 150)
        question: Question[bytes] = Question(self.reactor, GATEWAY, pcp.PORT, b"?", looked.append)
        question.ask((0.0,), 1.0)
        with self.assertRaises(NotMapped):
            await question.answer
        self.assertLessEqual(len(looked), ANSWERS_LIMIT)
        self.assertEqual(-1, question.fileno())

    async def test_cancelled(self) -> None:
        """Who waits no more leaves neither timer nor socket."""
        question: Question[bytes] = Question(self.reactor, GATEWAY, pcp.PORT, b"?", lambda data: data)
        question.ask(DELAYS_S, 5.0)
        question.answer.addErrback(lambda failure: None)
        question.answer.cancel()
        self.assertEqual(-1, question.fileno())

    async def test_no_address(self) -> None:
        """An address that this machine lost meanwhile is an answer, too."""
        lost = attrs.evolve(GATEWAY, source=IPv4Address("192.168.9.9"))
        self.assertIn("no way", await self.absent(PcpMapper(self.reactor, lost)))


def _response(data: bytes) -> Response:
    return pcp.decode_response(granted(data))


def _changed(data: bytes, changes: dict[str, object]) -> bytes:
    mapping = _response(data).mapping
    assert mapping is not None
    changed = attrs.evolve(mapping, **changes)  # type: ignore[arg-type]
    return pcp.encode_response(Response(Result.SUCCESS, 3600, 100, changed))


@pytest.mark.skipif(not may_unshare(), reason="needs root and /dev/net/tun")
class TestNatpmpHostile(HostileCase):
    """NAT-PMP."""

    async def test_wrong_answers_first(self) -> None:
        """Answers to other questions are passed over."""
        wrong = natpmp.Mapping(Transport.UDP, 1, 1, 7200)
        tcp = natpmp.Mapping(Transport.TCP, WISH.port, WISH.port, 7200)

        def answer(data: bytes) -> list[bytes]:
            others = [natpmp.encode_response(natpmp.Response(0, 5, mapping)) for mapping in (wrong, tcp)]
            return [b"", data, *others, natpmp_granted(data)]

        self.world.udp(pcp.PORT, answer)
        grant = await NatPmpMapper(self.reactor, GATEWAY).map(WISH, WISH.port, NONCE)
        self.assertEqual(Endpoint(str(EXTERNAL), WISH.port), grant.external)

    async def test_refusals(self) -> None:
        """Words for people; another version means that another protocol may do."""
        for result, absent in ((2, False), (1, True), (77, False)):
            data = natpmp.encode_response(natpmp.Response(result, 5))
            self.world.udp(pcp.PORT, lambda _, made=data: [made])  # type: ignore[misc]
            with self.assertRaises(NotMapped) as caught:
                await NatPmpMapper(self.reactor, GATEWAY).map(WISH, WISH.port, NONCE)
            self.assertEqual(absent, caught.exception.absent)
            await self.world._ports.pop().stopListening()

    async def test_closed(self) -> None:
        """A closed port is told at once (ICMP)."""
        self.assertIn("refuses it", await self.absent(NatPmpMapper(self.reactor, GATEWAY)))
        self.assertEqual(ADDRESS, str(GATEWAY.address))
