"""One bridged card: devices' broadcasts into the party, members' to the devices (``docs/protocol-bridge.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.lan_stages import Plane
from lanrage.core.bridge import Bridge, Refusal, Step
from lanrage.core.bridge_entries import Changes
from lanrage.core.lan_frames import Drop, Frame, Udp
from lanrage.core.rate import TokenBucket
from lanrage.core.same_lan import Neighbour, Says
from lanrage.errors import LanrageError
from lanrage.wire.packets import read_frame, write_frame

# Protocols have methods without a body.
# pylint: disable=missing-function-docstring

SETTLE_SECONDS = 5.0
"""Whoever is not named is no device for so long after the start: members on the network must be known as such first."""

HEARD_RATE, HEARD_BURST = 500.0, 1000.0
"""Frames a second, and at once, that are looked at on a card: a busy office's chatter fits."""

SHOWN_RATE, SHOWN_BURST = 500.0, 1000.0
"""Frames a second, and at once, to all devices together: what 16 members' lobbies announce to 16 devices twice over."""

WAITING_LIMIT = 256
"""Frames that wait for the kernel to know a port; it takes milliseconds."""


class CardPort(Protocol):
    """A card: :class:`lanrage.net.bridge_port.BridgePort`."""

    mac: bytes

    def open(self, receive: Callable[[bytes], None], lost: Callable[[str], None]) -> None: ...

    def send(self, frame: bytes) -> bool: ...

    def close(self) -> None: ...


class KernelTable(Protocol):
    """What the kernel knows: :class:`lanrage.net.bridge_table.BridgeTable`."""

    def open(self) -> Deferred[None]: ...

    def apply(self, changes: Iterable[Changes]) -> Deferred[None]: ...

    def close(self) -> Deferred[None]: ...


@attrs.define
class BridgeCounts:
    """Since the part was made; see ``docs/protocol-bridge.rst``."""

    carried: int = 0
    shown: int = 0
    shed: int = 0
    refusals: dict[Refusal, int] = attrs.field(factory=lambda: dict.fromkeys(Refusal, 0))

    def as_dict(self) -> dict[str, int]:
        """By name."""
        refused = {f"bridge_{reason.value}": count for reason, count in self.refusals.items()}
        return {"bridge_carried": self.carried, "bridge_shown": self.shown, "bridge_shed": self.shed, **refused}


class BridgedCard:
    """From :meth:`open` to :meth:`close`.

    :param bridge: decides.
    :param port: the card; open already.
    :param table: open already.
    :param near: the members on this network now.
    :param failed: called with a sentence when the kernel did not take a change: the bridge must be made anew.
    :param since: when it was opened.
    """

    log = Logger()

    def __init__(  # pylint: disable=too-many-arguments,too-many-positional-arguments
        self,
        plane: Plane,
        bridge: Bridge,
        port: CardPort,
        table: KernelTable,
        near: Callable[[], dict[IPv4Address, Neighbour]],
        counts: BridgeCounts,
        failed: Callable[[str], None],
        since: float,
    ) -> None:
        self._plane, self.bridge, self._port, self._table = plane, bridge, port, table
        self._near, self._counts, self._failed, self._since = near, counts, failed, since
        self._heard, self._shown = TokenBucket(HEARD_RATE, HEARD_BURST), TokenBucket(SHOWN_RATE, SHOWN_BURST)
        self._waiting: list[tuple[Changes, Callable[[], None]]] = []
        self._applying: Deferred[None] | None = None
        self._closed = False

    @property
    def yields(self) -> bool:
        """A member with a lower address bridges the same network: its devices are that member's."""
        me = self._plane.lan.address
        return any(seen.says & Says.BRIDGES and member < me for member, seen in self._near().items())

    def device_frame(self, data: bytes) -> None:
        """A broadcast came in by the card."""
        now = self._plane.now()
        if self._closed or not self._heard.take(now):
            return
        # A card of a virtual machine or a namespace may show unfinished checksums of frames that come in, too.
        frame = read_frame(data, finished=False)
        if isinstance(frame, Drop):
            return
        if self.bridge.named is None and now < self._since + SETTLE_SECONDS:
            return
        self._know_members()
        judged = Refusal.LEFT if self.yields else self.bridge.device_said(frame, self._plane.lan, now)
        if isinstance(judged, Refusal):
            self._counts.refusals[judged] += 1
            return
        self._counts.carried += 1
        self._submit(judged.changes, lambda: self._plane.carry(judged.frame, self.bridge.segment.index))

    def member_frame(self, frame: Frame, origin: IPv4Address) -> None:
        """A member's frame was let through: each device gets it, too."""
        content = frame.content
        if self._closed or not isinstance(content, Udp) or self.yields:
            return
        now = self._plane.now()
        for step in self.bridge.member_said(content, origin, self._plane.lan, now):
            if step.changes or self._shown.take(now):
                self._submit(step.changes, lambda step=step: self._send(step))  # type: ignore[misc]
            else:
                self._counts.shed += 1

    def found(self, address: IPv4Address, mac: bytes) -> None:
        """The device with this address has this MAC."""
        changes = self.bridge.meet(address, mac, self._plane.lan, self._plane.now())
        if changes:
            self._submit(changes, lambda: None)

    def look(self) -> None:
        """Take back what is idle or gone."""
        self._know_members()
        changes = self.bridge.forget(self._plane.lan, self._plane.now())
        if changes:
            self._submit(changes, lambda: None)

    def close(self) -> Deferred[None]:
        """Take all back."""
        self._closed = True
        self._waiting.clear()
        taken_back = self._table.close()  # first: what is in the kernel outlives a port that cannot be closed
        self._port.close()
        return taken_back

    def _know_members(self) -> None:
        self.bridge.members_here = frozenset(each.host for each in self._near().values() if each.host is not None)

    def _send(self, step: Step) -> None:
        if self._port.send(write_frame(step.frame)):
            self._counts.shown += 1

    def _submit(self, changes: Changes, then: Callable[[], None]) -> None:
        """Do it once the kernel knows these changes, and all before them."""
        if not changes and self._applying is None:
            then()
            return
        if not changes and len(self._waiting) >= WAITING_LIMIT:
            self._counts.shed += 1
            return
        self._waiting.append((changes, then))
        self._flush()

    def _flush(self) -> None:
        if self._applying is not None or not self._waiting or self._closed:
            return
        batch, self._waiting = self._waiting, []
        self._applying = applying = self._table.apply([changes for changes, _ in batch])
        applying.addCallbacks(self._applied, self._refused, callbackArgs=(batch,))
        applying.addErrback(lambda failure: self.log.failure("a bridge did not go on", failure))

    def _applied(self, _: None, batch: list[tuple[Changes, Callable[[], None]]]) -> None:
        self._applying = None
        if self._closed:
            return
        for _changes, then in batch:
            then()
        self._flush()

    def _refused(self, failure: Failure) -> None:
        self._applying = None
        if not failure.check(LanrageError):
            self.log.failure("a bridge's table was not changed", failure)
        if not self._closed:
            self._failed(str(failure.value))
