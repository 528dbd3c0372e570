"""A node's health in memory: all is well, unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred, fail, succeed

from lanrage.app.doctor_report import report
from lanrage.app.operations import Progress
from lanrage.core.diagnosis import (
    CardFacts,
    ControlFacts,
    DeviceFacts,
    DiskFacts,
    Facts,
    LocalFacts,
    MemberFacts,
    NodeFacts,
    RelayFacts,
    RouteFacts,
    TunnelFacts,
)
from lanrage.errors import LanrageError, Unreachable


def healthy_local() -> LocalFacts:
    """A machine on which all is well."""
    return LocalFacts(
        uid=0,
        capabilities=["net_admin", "net_raw"],
        tun="ready",
        kernel_wireguard="loaded",
        programs=["nft", "wireguard-go"],
        default_route=True,
        input_drop=[],
        devices=[
            DeviceFacts("lanrage-wg0", present=True, up=True, mtu=1280),
            DeviceFacts("lanrage0", True, True, True, 1280, ["10.66.0.1"], rp_filter=2, ipv6_disabled=True),
        ],
        host_routes={"10.66.0.2": "lanrage-wg0"},
        routes=[RouteFacts("10.66.0.0/24", "lanrage0"), RouteFacts("10.0.0.0/8", "eth0")],
        kernel="6.1.0-amd64",
    )


def healthy_node() -> NodeFacts:
    """A node in a party of two, all well."""
    return NodeFacts(
        version="0.1.0",
        state="in-party",
        local=healthy_local(),
        tunnel=TunnelFacts("lanrage-wg0", "kernel", 51820, 1280),
        card=CardFacts("lanrage0", "10.66.0.1", subnet="10.66.0.0/24"),
        control=ControlFacts("play.example.org:7766", True, clock_offset_s=0.1, rtt_ms=12.0, asked=True),
        reflexive="93.184.216.34:51820",
        relays=[RelayFacts("93.184.216.35:7800", True, 12.5)],
        members=[MemberFacts("Ben", "10.66.0.2", True, "direct", "198.51.100.7:51820", 20.5, 31.0, 1280)],
        disk=DiskFacts("/var/lib/lanrage", 10 * 1024**3),
        bound_games=[],
    )


class FakeDoctor:
    """Part of :class:`tests.fakes_node.FakeNode`.

    :ivar facts: what is judged.
    """

    facts: NodeFacts

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    async def diagnose(self) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("diagnose")
        plain: dict[str, Any] = msgspec.to_builtins(self.facts)
        return plain

    async def doctor(self, *, member: str, addresses: bool, progress: Progress | None = None) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("doctor", member, addresses)
        if progress is not None:
            progress("looking at this machine")
        facts = Facts(self.facts.local or healthy_local(), self.facts)
        return report(facts, hide_addresses=not addresses, member=member)


@attrs.define
class MemoryEcho:
    """Answers echo requests up to a size.

    :ivar carries: the largest packet that reaches each address.
    :ivar lost: packets that get lost first.
    :ivar error: what each question fails with.
    :ivar asked: addresses with sizes.
    """

    carries: Mapping[str, int] = attrs.field(factory=dict)
    lost: int = 0
    error: LanrageError | None = None
    asked: list[tuple[str, int]] = attrs.field(factory=list)
    stopped: bool = False

    def ask(self, address: str, timeout: float, source: str = "", size: int = 0) -> Deferred[float]:
        """See :class:`lanrage.app.doctor_probes.Echo`."""
        del timeout, source
        self.asked.append((address, size))
        if self.error is not None:
            return fail(self.error)
        if self.lost or size > self.carries.get(address, 0):
            self.lost = max(0, self.lost - 1)
            return fail(Unreachable(f"{address} did not answer"))
        return succeed(0.001)

    def stop(self) -> None:
        """See :class:`lanrage.app.doctor_probes.Echo`."""
        self.stopped = True
