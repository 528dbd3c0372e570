"""When to ask which gateway for which port: the plan of port mapping, pure (``docs/links.rst``).

One question at a time. The protocols are tried in the order of :class:`Method` with the first wish; the one that maps
it serves the others too. A network without any is asked seldom, and again when the network changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from lanrage.core.mapping import LIFETIME_S, PERMANENT, Gateway, Grant, Method, NotMapped, Wish

METHODS = tuple(Method)
CHECK_S = 120.0
"""Seconds between questions for the first mapping: they tell that the gateway was restarted and forgot all."""
PAUSES_S = (60.0, 300.0, 1800.0, 3600.0)
"""Seconds until a network without port mapping is asked again: a router that starts answers after a minute or two."""
REFUSED_S = 900.0
"""Seconds until one port that the gateway refused is asked for again."""
RETRY_S = 10.0
"""Seconds until a mapping that could not be renewed is asked for again, doubling."""
LEAST_PAUSE_S = 4.0
"""Seconds between two questions for one port, however short a life the gateway grants (RFC 6887 section 11.2.1)."""
PATIENCE = 3
"""Renewals in a row without an answer, after which the gateway is searched anew."""


@attrs.frozen
class Ask:
    """What is to be asked now.

    :param external: the port outside to suggest.
    """

    method: Method
    wish: Wish
    external: int


@attrs.frozen
class Held:
    """A mapping that stands.

    :param expires: seconds, as `now`; infinite where it does not end by itself.
    """

    wish: Wish
    grant: Grant
    expires: float


@attrs.define
class _Port:
    wish: Wish
    held: Held | None = None
    due: float = 0.0
    answered: float = float("-inf")
    trouble: str = ""


class MappingPlan:
    """Which port is asked for when, and what stands.

    ``now`` is seconds of a clock that only moves forward.

    :param wishes: in the order of importance; at least one.
    :param methods: the protocols to try, in order.
    :ivar gateway: the router asked; ``None`` = none is known.
    :ivar method: the protocol that works there; ``None`` = still searched.
    :ivar trouble: why nothing is mapped, one sentence; empty when something is, or nothing was tried yet.
    """

    def __init__(self, wishes: Iterable[Wish], methods: tuple[Method, ...] = METHODS) -> None:
        self._ports = [_Port(wish) for wish in wishes]
        self._methods = methods
        self.gateway: Gateway | None = None
        self.method: Method | None = None
        self.trouble = ""
        self._step = 0
        self._search_at = 0.0
        self._fruitless = 0
        self._unanswered = 0
        self._reasons: list[str] = []

    # --- inputs -------------------------------------------------------------------------------------------------------

    def at(self, gateway: Gateway | None, now: float) -> bool:
        """The router of the default route is this one; tells whether it is another than before.

        What another one granted is void: its address is not ours any more.
        """
        if gateway == self.gateway:
            return False
        self.gateway, self.trouble, self._fruitless = gateway, "", 0
        self._search(now)
        if gateway is None:
            self.trouble = "this machine has no default route over a router"
        return True

    def granted(self, ask: Ask, grant: Grant, now: float) -> None:
        """The gateway mapped what was asked."""
        port = self._port(ask.wish)
        port.answered = now
        self.method, self.trouble, self._fruitless, self._unanswered = ask.method, "", 0, 0
        life = float("inf") if grant.lifetime == PERMANENT else float(grant.lifetime)
        port.held, port.trouble = Held(ask.wish, grant, now + life), ""
        pause = max(LEAST_PAUSE_S, min(life, LIFETIME_S) / 2)
        port.due = now + (min(pause, CHECK_S) if port is self._ports[0] else pause)
        if grant.lost:
            for other in self._ports:
                if other is not port:
                    other.due = min(other.due, max(now, other.answered + LEAST_PAUSE_S))

    def failed(self, ask: Ask, error: NotMapped, now: float) -> None:
        """The gateway did not answer, or refused."""
        port = self._port(ask.wish)
        port.trouble = str(error)
        if self.method is None:
            self._next_method(ask, error, now)
        elif error.absent:
            self._unanswered += 1
            port.due = now + RETRY_S * 2 ** min(self._unanswered - 1, 5)
            if self._unanswered >= PATIENCE:
                self.trouble = f"the gateway does not answer any more: {error}"
                self._search(now + PAUSES_S[0])
        else:
            port.held, port.due = None, now + REFUSED_S
            if not self._anything(now):
                self.trouble = str(error)

    # --- what is so ---------------------------------------------------------------------------------------------------

    def next(self, now: float) -> Ask | None:
        """What to ask now; ``None`` = nothing before :meth:`wake`."""
        if self.gateway is None or not self._ports:
            return None
        if self.method is None:
            port = self._ports[0]
            return self._ask(self._methods[self._step], port) if now >= self._search_at else None
        port = min(self._ports, key=lambda each: each.due)
        return self._ask(self.method, port) if now >= port.due else None

    def wake(self) -> float:
        """When :meth:`next` has something to say, if nothing happens before; infinite = only after an input."""
        if self.gateway is None or not self._ports:
            return float("inf")
        return self._search_at if self.method is None else min(port.due for port in self._ports)

    def held(self, now: float) -> tuple[Held, ...]:
        """The mappings that stand, in the wishes' order."""
        return tuple(self._standing(now))

    def refused(self) -> dict[Wish, str]:
        """The ports that are not mapped though the gateway maps others, with the reason."""
        return {port.wish: port.trouble for port in self._ports if port.held is None and port.trouble}

    # --- within -------------------------------------------------------------------------------------------------------

    def _standing(self, now: float) -> Iterator[Held]:
        for port in self._ports:
            if port.held is not None and now < port.held.expires:
                yield port.held

    def _anything(self, now: float) -> bool:
        return any(True for _ in self._standing(now))

    def _port(self, wish: Wish) -> _Port:
        return next(port for port in self._ports if port.wish == wish)

    @staticmethod
    def _ask(method: Method, port: _Port) -> Ask:
        """The port outside is to stay what it was, else to be that inside."""
        return Ask(method, port.wish, port.held.grant.external.port if port.held is not None else port.wish.port)

    def _search(self, at: float) -> None:
        """Begin anew, with nothing held."""
        self.method, self._step, self._search_at = None, 0, at
        self._unanswered, self._reasons = 0, []
        for port in self._ports:
            port.held, port.due, port.trouble = None, at, ""

    def _next_method(self, ask: Ask, error: NotMapped, now: float) -> None:
        self._reasons.append(f"{ask.method}: {error}")
        self._step += 1
        if self._step < len(self._methods):
            return
        self.trouble = "the router maps no port (" + "; ".join(self._reasons) + ")"
        pause = PAUSES_S[min(self._fruitless, len(PAUSES_S) - 1)]
        self._fruitless += 1
        self._search(now + pause)
