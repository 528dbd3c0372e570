"""One run of tests that tells what NAT this node is behind, as a pure machine (RFC 5780, sections 4.2 to 4.5).

The order matters: a packet to the reflector's second address opens an address-restricted NAT for it, so what comes in
unasked is looked at before the second address is asked (section 4.5 has the same worry); ``docs/protocol-stun.rst``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from ipaddress import IPv4Address, ip_address

import attrs

from lanrage.core.candidates import is_private
from lanrage.core.links import Endpoint
from lanrage.core.nat import Change, Filtering, Mapping, NatFinding, NatKind, kind_of
from lanrage.core.stun_questions import Ask, Questions, Reply

REFLECTOR_LIMIT = 8
"""Reflectors asked: what a control server may name."""
HAIRPIN_SENDS = (0.0, 0.2, 0.6)
"""Seconds: the packet goes to the router and back, no further."""
FORGET = 330.0
"""Seconds until an address that was sent to is forgotten by the NAT's filter: RFC 4787 recommends 300 (REQ-5)."""

BASIC, ELSEWHERE, OTHER_PORT, SECOND, SECOND_PORT, SAME_HOST, HAIRPIN = (
    "basic",
    "from elsewhere",
    "from the other port",
    "second address",
    "second address, other port",
    "first address, other port",
    "hairpin",
)
"""The questions of a run. BASIC has one for each reflector."""
FILTERING = (ELSEWHERE, OTHER_PORT)
MAPPING = (SECOND, SECOND_PORT, SAME_HOST)


@attrs.define
class NatProbe:
    """One run; another run is another machine.

    :param reflectors: addresses with their ports; ports of one host belong together, its first port first.
    :param own: addresses of this machine's cards, with WireGuard's port.
    :param random: gives secret bytes.
    :param second_before: :attr:`second_asked` of the last run that asked a second address.
    :param before: what the run before found, which stands where this one cannot tell.
    :param reached: UDP came in from beyond the router by other ways: silent reflectors then mean nothing.
    :ivar facts: what is known so far.
    :ivar done: the run is over.
    :ivar second_asked: how we were seen and when, as a second address was sent to; None = it was not.
    :ivar main: the reflector that tells most; None until one answered.
    """

    reflectors: Sequence[Endpoint]
    own: Collection[Endpoint]
    random: Callable[[int], bytes] = attrs.field(repr=False)
    second_before: tuple[Endpoint, float] | None = None
    before: NatFinding = NatFinding()
    reached: bool = False
    facts: NatFinding = attrs.field(init=False, default=NatFinding())
    done: bool = attrs.field(init=False, default=False)
    second_asked: tuple[Endpoint, float] | None = attrs.field(init=False, default=None)
    main: Endpoint | None = attrs.field(init=False, default=None)
    _asked: Questions = attrs.field(init=False)
    _firsts: list[Endpoint] = attrs.field(init=False)
    _clean: bool = attrs.field(init=False, default=True)
    _other: Endpoint | None = attrs.field(init=False, default=None)
    _step: Callable[[float], bool] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._asked = Questions(self.random)
        self._firsts = first_ports(self.reflectors)[:REFLECTOR_LIMIT]
        self._step = self._basic

    # --- inputs -------------------------------------------------------------------------------------------------------

    def start(self, now: float) -> list[Ask]:
        """Begin."""
        for number, reflector in enumerate(self._firsts):
            # An empty CHANGE-REQUEST changes nothing: it tells that this end speaks RFC 5780.
            self._asked.open(f"{BASIC} {number}", reflector, now, Change())
        return self.tick(now)

    def heard(self, transaction: bytes, reply: Reply, now: float) -> list[Ask]:
        """Something with one of our transactions came in, or something with another's."""
        self._asked.heard(transaction, reply)
        return self.tick(now)

    def tick(self, now: float) -> list[Ask]:
        """The deadline came, or anything else: what goes out now."""
        asks = self._asked.tick(now)
        while not self.done and self._step(now):
            asks += self._asked.tick(now)
        return asks

    def deadline(self) -> float | None:
        """When to call :meth:`tick`; None = never."""
        return None if self.done else self._asked.deadline()

    # --- steps: each gives whether another begins ---------------------------------------------------------------------

    def _basic(self, now: float) -> bool:
        """Is there UDP, and a NAT (section 4.2)? Which reflector tells most?"""
        names = {f"{BASIC} {number}": reflector for number, reflector in enumerate(self._firsts)}
        for name, reflector in names.items():
            reply = self._asked.reply(name)
            if reply is not None and reply.refused and f"{name} plain" not in self._asked:
                self._asked.open(f"{name} plain", reflector, now)  # it knows RFC 8489 alone
                return True
        told = {reflector: reply for name, reflector in names.items() if (reply := self._told(name)) is not None}
        best = next((at for at, reply in told.items() if self._fit(reply.other, at)), None)
        if best is None and not self._asked.settled(*names, *(f"{name} plain" for name in names)):
            return False
        if not told:
            self._finish(NatFinding(NatKind.UNKNOWN if self.reached or not names else NatKind.BLOCKED))
            return False
        self.main = best or next(iter(told))
        self._other = told[best].other if best is not None else None
        mapped = told[self.main].mapped
        asked = self.second_before
        # Another mapping has a filter of its own, which nothing was sent through yet.
        self._clean = asked is None or mapped != asked[0] or now - asked[1] > FORGET
        mapping = Mapping.NONE if mapped in self.own else Mapping.UNKNOWN
        self.facts = NatFinding(mapping=mapping, mapped=mapped, complete=self._other is not None)
        self._open_filtering(self.main, now)
        self._step = self._filtering
        return True

    def _open_filtering(self, main: Endpoint, now: float) -> None:
        other = self._other
        if other is not None:
            self._asked.open(ELSEWHERE, main, now, Change(True, True), fits=lambda r: r.refused or r.source == other)
        self._asked.open(
            OTHER_PORT,
            main,
            now,
            Change(False, True),
            # A program that does not know the attribute answers from where it was asked, or refuses.
            fits=lambda r: r.source.host == main.host and (other is None or r.source.port in (main.port, other.port)),
        )
        mapped = self.facts.mapped
        if self.facts.mapping is not Mapping.NONE and mapped is not None and fit_claim(mapped, main):
            self._asked.open(HAIRPIN, mapped, now, fits=lambda r: r.returned, sends=HAIRPIN_SENDS)

    def _filtering(self, now: float) -> bool:
        """Who may send to our port (section 4.4)?"""
        if not self._asked.settled(*FILTERING) and not (self._told(ELSEWHERE) and self._clean):
            return False
        filtering = self._judge_filtering()
        self.facts = attrs.evolve(self.facts, filtering=filtering)
        if self.facts.mapping is not Mapping.NONE:
            self._open_mapping(now)
        self._step = self._mapping
        return True

    def _judge_filtering(self) -> Filtering:
        main, elsewhere, port = self.main, self._asked.reply(ELSEWHERE), self._asked.reply(OTHER_PORT)
        if elsewhere is not None and not elsewhere.refused:
            if self._clean:
                return Filtering.INDEPENDENT
            # We wrote to that very address ourselves of late: it proves the narrower kind only.
            known = self.before.filtering
            return known if known in (Filtering.INDEPENDENT, Filtering.ADDRESS) else Filtering.ADDRESS
        if port is None:
            return Filtering.ADDRESS_AND_PORT
        if port.refused or port.source == main:
            return Filtering.UNKNOWN
        return Filtering.ADDRESS

    def _open_mapping(self, now: float) -> None:
        """The same question to another address; without one, to another port of the same."""
        main, other = self.main, self._other
        assert main is not None
        if other is not None and self.facts.mapped is not None:
            self.second_asked = self.facts.mapped, now
            self._asked.open(SECOND, Endpoint(other.host, main.port), now)
            return
        came = self._told(OTHER_PORT)
        ports = [r for r in self.reflectors if r.host == main.host and r != main]
        ports += [came.source] if came is not None and came.source != main else []
        if ports:
            self._asked.open(SAME_HOST, ports[0], now)

    def _mapping(self, now: float) -> bool:
        """On what does our outside port depend (section 4.3)?"""
        if not self._asked.settled(*MAPPING):
            return False
        first, second, third = self.facts.mapped, self._told(SECOND), self._told(SECOND_PORT)
        if second is not None and second.mapped != first and SECOND_PORT not in self._asked and self._other is not None:
            self._asked.open(SECOND_PORT, self._other, now)
            return True
        if not self._asked.settled(HAIRPIN):
            self.facts = self._with_mapping(second, third)
            return False
        self._finish(self._with_mapping(second, third))
        return False

    def _with_mapping(self, second: Reply | None, third: Reply | None) -> NatFinding:
        facts = self.facts
        if facts.mapping is not Mapping.UNKNOWN:
            return self._with_kind(facts)
        if second is not None:
            mapping = Mapping.INDEPENDENT
            if second.mapped != facts.mapped:
                same = third is not None and third.mapped == second.mapped
                mapping = Mapping.ADDRESS if same else Mapping.ADDRESS_AND_PORT
            return self._with_kind(attrs.evolve(facts, mapping=mapping))
        mapping = self._mapping_elsewise()
        return self._with_kind(attrs.evolve(facts, mapping=mapping, complete=False))

    def _mapping_elsewise(self) -> Mapping:
        """By another port of the first address, and by what other reflectors saw: less certain."""
        seen = {reply.mapped for n in range(len(self._firsts)) if (reply := self._told(f"{BASIC} {n}")) is not None}
        port = self._told(SAME_HOST)
        if port is not None and port.mapped != self.facts.mapped:
            return Mapping.ADDRESS_AND_PORT
        if len(seen) > 1:
            return Mapping.ADDRESS if port is not None else Mapping.ADDRESS_AND_PORT
        answered = sum(self._told(f"{BASIC} {n}") is not None for n in range(len(self._firsts)))
        return Mapping.INDEPENDENT if port is not None or answered > 1 else Mapping.UNKNOWN

    def _with_kind(self, facts: NatFinding) -> NatFinding:
        return attrs.evolve(facts, kind=kind_of(facts.mapping, facts.filtering, complete=facts.complete))

    def _finish(self, facts: NatFinding) -> None:
        hairpin = None
        if HAIRPIN in self._asked:
            hairpin = self._asked.reply(HAIRPIN) is not None
        self.facts = attrs.evolve(facts, hairpin=hairpin)
        self.done = True

    # --- helpers ------------------------------------------------------------------------------------------------------

    def _told(self, name: str) -> Reply | None:
        """The answer to a question, if it tells how we are seen."""
        for each in (name, f"{name} plain"):
            reply = self._asked.reply(each)
            if reply is not None and not reply.refused and reply.mapped is not None:
                return reply
        return None

    @staticmethod
    def _fit(other: Endpoint | None, reflector: Endpoint) -> bool:
        return other is not None and fit_alternate(other, reflector)


def first_ports(reflectors: Iterable[Endpoint]) -> list[Endpoint]:
    """The first port of each host; the others are for tests of NATs."""
    firsts: dict[str, Endpoint] = {}
    for reflector in reflectors:
        firsts.setdefault(reflector.host, reflector)
    return list(firsts.values())


def fit_alternate(other: Endpoint, reflector: Endpoint) -> bool:
    """Whether a reflector's word of its second address is one to send a request to.

    It is a stranger's claim: never into this machine or a private network, unless the reflector is there itself.
    """
    return other.host != reflector.host and other.port != reflector.port and fit_claim(other, reflector)


def fit_claim(claimed: Endpoint, reflector: Endpoint) -> bool:
    """Whether an address that a reflector named may be sent to: one host, where the reflector could be."""
    there, here = ip_address(claimed.host), ip_address(reflector.host)
    if not isinstance(there, IPv4Address) or not isinstance(here, IPv4Address):
        return False
    if there.is_multicast or there.is_unspecified or there.is_reserved or there.is_loopback != here.is_loopback:
        return False
    return not is_private(there) or is_private(here)
