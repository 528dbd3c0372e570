"""The party channel: what members tell each other inside the tunnel, where no server can hide it or be missed.

Heads and records of the party's ledger (:mod:`lanrage.core.heads`), and offers for members that the control server does
not reach (``docs/protocol-party.rst``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.app.links import Links
from lanrage.app.peer_link import PeerLink
from lanrage.core.budget import Budget
from lanrage.core.heads import Forked, Head, HeadAction, Heads, SendHead, SendWant
from lanrage.errors import BadInput, CryptoError, DecodeError
from lanrage.log_context import carried
from lanrage.wire import party_channel as wire
from lanrage.wire.frames import tunnel_bytes

MESSAGES_RATE, MESSAGES_BURST = 120.0, 300.0
"""Datagrams a second, and at once, that one member is heard with: a ledger of 1,000 records takes some 300."""
RECORDS_RATE, RECORDS_BURST = 60.0, 128.0
"""Datagrams of records a second, and at once, that one member is sent."""
FORWARD_RATE, FORWARD_BURST = 4.0, 16.0
"""Offers a second, and at once, that are passed on for one member: 15 others to tell when its address changed."""
FORWARDERS = 2
"""Members asked to pass an offer on: one may have lost its way to the third, too."""
ANSWER_DATAGRAMS = 32
"""Datagrams of records in answer to one question; who still lacks some asks again."""


class PartyLedger(Protocol):
    """What the channel asks of the party's ledger."""

    def head(self) -> tuple[int, bytes]:
        """Epoch and 32-byte hash of the last record; 0 and zeros while there is none."""

    def records_after(self, epoch: int) -> tuple[bytes, ...]:
        """The records with higher epochs, in order."""

    def received(self, sender: bytes, blobs: tuple[bytes, ...]) -> None:
        """A member (identity) sent records: verify and apply what holds; never raises."""

    def told(self, sender: bytes, epoch: int, hash_: bytes) -> None:
        """A member told its head; where we have another hash at that epoch somebody signed two histories."""


class ChannelExtra(Protocol):
    """A part that speaks by the channel, too (:attr:`PartyChannel.extras`)."""

    def followed(self, ready: frozenset[bytes], members: frozenset[bytes]) -> None:
        """The links to these members are up, and these are members, by identity."""

    def heard(self, identity: bytes, message: wire.Message) -> None:
        """A member said something that is none of the channel's own.

        :raises DecodeError: it is nothing that may be said.
        """


class ChannelPort(Protocol):
    """A port owned by this node, which tells the party address that a datagram came from."""

    def open(self, receive: Callable[[bytes, str], None]) -> None:
        """Own the port."""

    def send(self, payload: bytes, to: str) -> int:
        """Send to a party address; 0, or an error number."""

    def close(self) -> None:
        """Give it back."""


@attrs.define
class ChannelCounters:
    """What the channel refused or could not do, by reason, and what it passed on."""

    strangers: int = 0
    forged: int = 0
    malformed: int = 0
    unknown: int = 0
    over_budget: int = 0
    unsent: int = 0
    forwarded: int = 0
    not_forwarded: int = 0


class PartyChannel:
    """The channel of one party, from :meth:`start` to :meth:`stop`.

    :ivar extras: parts that speak by it, too.
    :ivar carried: bytes of the tunnel that it took to and from each member, which are no game's.
    :param own_key: our WireGuard key, 32 bytes.
    :param ledger: ``None`` where no ledger is kept: then no heads are told.
    :param random: ``os.urandom``, or a test's own.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        own_key: bytes,
        port: ChannelPort,
        links: Links,
        ledger: PartyLedger | None,
        random: Callable[[int], bytes],
    ) -> None:
        self.counters = ChannelCounters()
        self.extras: list[ChannelExtra] = []
        self.carried: dict[IPv4Address, int] = {}
        self._clock = clock
        self._own_key = own_key
        self._port = port
        self._links = links
        self._ledger = ledger
        self._random = random
        self._heads: Heads | None = None
        self._by_address: dict[str, PeerLink] = {}
        self._ready: set[bytes] = set()
        self._heard: Budget[bytes] = Budget(MESSAGES_RATE, MESSAGES_BURST)
        self._answered: Budget[bytes] = Budget(RECORDS_RATE, RECORDS_BURST)
        self._carried: Budget[bytes] = Budget(FORWARD_RATE, FORWARD_BURST)
        self._turn = 0
        self._timer: IDelayedCall | None = None
        self._running = False

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Own the port.

        :raises BadInput: when another program has it.
        """
        self._port.open(carried(self.received))
        self._running = True
        if self._ledger is not None:
            self._heads = Heads(Head(*self._ledger.head()), lambda: self._random(1)[0] / 255)

    def stop(self) -> None:
        """Say no more."""
        self._running = False
        self._port.close()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    # --- inputs -------------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Members, or which of their links are up, may have changed."""
        links = self._links.peers
        self._by_address = {str(link.member.certificate.ip): link for link in links.values()}
        known = {link.member.certificate.ip for link in links.values()}
        self.carried = {address: count for address, count in self.carried.items() if address in known}
        ready = {identity for identity, link in links.items() if link.ready}
        before, self._ready = self._ready, ready
        for extra in self.extras:
            extra.followed(frozenset(ready), frozenset(links))
        if self._heads is None or not self._running:
            return
        self.head_changed()
        for identity in before - ready:
            self._heads.gone(identity)
        now = self._clock.seconds()
        self._do([action for identity in ready - before for action in self._heads.ready(identity, now)])

    def head_changed(self) -> None:
        """Our ledger may have grown."""
        if self._heads is not None and self._ledger is not None and self._running:
            self._do(self._heads.changed(Head(*self._ledger.head()), self._clock.seconds()))

    def received(self, data: bytes, source: str) -> None:
        """A datagram came from a party address."""
        link = self._by_address.get(source)
        if link is None:
            self.counters.strangers += 1
            return
        self._count(link, data)
        if not self._heard.allow(link.identity, self._clock.seconds()):
            self.counters.over_budget += 1
            return
        try:
            message = wire.unseal(data, link.keys.channel, sender=link.peer_key, receiver=self._own_key)
            self._take(link, message)
        except CryptoError:
            self.counters.forged += 1
        except wire.UnknownKind:
            self.counters.unknown += 1
        except DecodeError:
            self.counters.malformed += 1

    def say(self, identity: bytes, message: wire.Message) -> None:
        """Send a message of a part's own to a member, best effort."""
        link = self._links.peers.get(identity)
        if link is not None and link.ready:
            self._send(link, lambda: message)

    # --- signals ------------------------------------------------------------------------------------------------------

    def signal(self, identity: bytes, payload: bytes) -> bool:
        """Send a sealed offer to a member through the tunnel; false where its link is not up."""
        link = self._links.peers.get(identity)
        if link is None or not link.ready:
            return False
        self._send(link, wire.Signal, payload)
        return True

    def forward(self, identity: bytes, payload: bytes) -> int:
        """Ask members whose links are up to pass a sealed offer on to another; how many were asked."""
        able = [link for link in self._links.peers.values() if link.ready and link.identity != identity]
        open_now = [link for link in able if link.plan.current is not None and link.plan.current.proven]
        able = open_now or able
        self._turn += 1
        chosen = [able[(self._turn * FORWARDERS + n) % len(able)] for n in range(min(FORWARDERS, len(able)))]
        for link in chosen:
            self._send(link, wire.Forward, identity, payload)
        return len(chosen)

    # --- within -------------------------------------------------------------------------------------------------------

    def _take(self, link: PeerLink, message: wire.Message) -> None:
        match message:
            case wire.Signal():
                self._links.signalled(link.identity, message.payload)
            case wire.Forwarded():
                self._links.signalled(message.sender, message.payload)
            case wire.Forward():
                self._pass_on(link, message)
            case wire.Records():
                self._take_records(link, message)
            case wire.HeadTold() if self._heads is not None:
                head = Head(message.epoch, message.hash)
                self._told(link, head)
                self._do(self._heads.heard(link.identity, head, self._clock.seconds()))
            case wire.Want() if self._heads is not None:
                self._do(self._heads.wanted(link.identity, message.after, self._clock.seconds()))
            case _ if isinstance(message, wire.Extra) and not link.revoked:
                for extra in self.extras:
                    extra.heard(link.identity, message)

    def _pass_on(self, link: PeerLink, message: wire.Forward) -> None:
        """One hop, between two whose links are up: what was forwarded once is never forwarded again."""
        to = self._links.peers.get(message.to)
        if to is None or to is link or not (to.ready and link.ready):
            self.counters.not_forwarded += 1
        elif not self._carried.allow(link.identity, self._clock.seconds()):
            self.counters.over_budget += 1
        else:
            self.counters.forwarded += 1
            self._send(to, wire.Forwarded, link.identity, message.payload)

    def _take_records(self, link: PeerLink, message: wire.Records) -> None:
        if self._ledger is None:
            return
        new = message.blobs[max(0, self._ledger.head()[0] + 1 - message.first) :]
        if new:
            self._ledger.received(link.identity, new)
            self.head_changed()

    def _do(self, actions: Sequence[HeadAction]) -> None:
        for action in actions:
            if isinstance(action, Forked):
                self._alarm(action)
            elif (link := self._links.peers.get(action.to)) is None or self._heads is None or self._ledger is None:
                continue
            elif isinstance(action, SendHead):
                self._send(link, wire.HeadTold, self._heads.own.epoch, self._heads.own.hash)
            elif isinstance(action, SendWant):
                self._send(link, wire.Want, action.after)
            else:
                self._send_records(link, action.after, self._ledger)
        self._schedule()

    def _send_records(self, link: PeerLink, after: int, ledger: PartyLedger) -> None:
        for message in wire.packed(after, ledger.records_after(after))[:ANSWER_DATAGRAMS]:
            if not self._answered.allow(link.identity, self._clock.seconds()):
                self.counters.over_budget += 1
                return
            self._send(link, wire.Records, message.first, message.blobs)

    def _alarm(self, fork: Forked) -> None:
        link = self._links.peers.get(fork.who)
        name = link.name if link is not None else "a member"
        self.log.error(
            "{peer} has another history of the party than this node at epoch {epoch}: somebody signed two",
            peer=name,
            epoch=fork.head.epoch,
        )

    def _told(self, link: PeerLink, head: Head) -> None:
        if self._ledger is not None:
            self._ledger.told(link.identity, head.epoch, head.hash)

    def _send(self, link: PeerLink, kind: Callable[..., wire.Message], *fields: object) -> None:
        if not self._running:
            return
        try:
            datagram = wire.seal(
                kind(*fields),
                link.keys.channel,
                sender=self._own_key,
                receiver=link.peer_key,
                nonce=self._random(wire.NONCE_BYTES),
            )
        except BadInput as error:
            self.counters.unsent += 1
            self.log.debug(
                "nothing was sent to {peer}: {error}", peer=link.name, peer_id=link.peer_id, error=str(error)
            )
            return
        if self._port.send(datagram, str(link.member.certificate.ip)):
            self.counters.unsent += 1
        else:
            self._count(link, datagram)

    def _count(self, link: PeerLink, datagram: bytes) -> None:
        address = link.member.certificate.ip
        self.carried[address] = self.carried.get(address, 0) + tunnel_bytes(len(datagram))

    def _schedule(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        deadline = self._heads.deadline() if self._heads is not None and self._running else None
        delay = None if deadline is None else max(0.001, deadline - self._clock.seconds())
        self._timer = None if delay is None else self._clock.callLater(delay, self._tick)

    def _tick(self) -> None:
        if self._heads is not None:
            self._do(self._heads.tick(self._clock.seconds()))
