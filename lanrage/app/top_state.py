"""What ``lanrage top`` shows, as values: the newest results, and how fast bytes come and go."""

from __future__ import annotations

from typing import Any

import attrs

WATCHED: dict[str, dict[str, Any]] = {
    "status": {},
    "party.show": {},
    "paths": {},
    "servers.list": {"sort": "name"},
    "games.detect": {},
    "alerts": {},
    "logs.show": {"level": "info", "limit": 50},
}
"""What is asked for, with its arguments."""


@attrs.frozen
class Traffic:
    """Bytes of a link, and when they were counted.

    :param rx_rate: bytes a second that came lately, ``tx_rate``: that went.
    """

    at: float
    rx: int
    tx: int
    rx_rate: float = 0.0
    tx_rate: float = 0.0


@attrs.define
class TopState:
    """The newest that is known.

    :ivar known: results by operation; ``None`` where the process refused.
    :ivar why: why it refused, by operation.
    :ivar traffic: by a member's identity.
    :ivar changes: how often anything of it changed.
    """

    known: dict[str, Any] = attrs.Factory(dict)
    why: dict[str, str] = attrs.Factory(dict)
    traffic: dict[str, Traffic] = attrs.Factory(dict)
    changes: int = 0

    def take(self, op: str, result: Any, now: float) -> None:
        """A result came.

        :param now: steady seconds.
        """
        self.changes += 1
        self.known[op] = result
        self.why.pop(op, None)
        if op == "party.show":
            self.traffic = {each["identity"]: self._counted(each, now) for each in result["members"]}

    def refuse(self, op: str, why: str) -> None:
        """The process does not tell, and says why."""
        self.changes += (self.known.get(op, op), self.why.get(op)) != (None, why)
        self.known[op], self.why[op] = None, why

    @property
    def complete(self) -> bool:
        """All that is asked for is there, or refused."""
        return all(op in self.known for op in WATCHED)

    @property
    def members(self) -> list[dict[str, Any]]:
        """Of the party, with the quality of the path in use: ``score``, ``grade``, ``loss_pct``; own first."""
        party, paths = self.known.get("party.show"), self.known.get("paths")
        used = {peer["name"]: _used(peer) for peer in paths["peers"]} if paths else {}
        shown = [{**each, **used.get(each["name"], {})} for each in party["members"]] if party else []
        return sorted(shown, key=lambda each: (not each["me"], not each["online"]))

    def listed(self, op: str, field: str) -> list[dict[str, Any]]:
        """A list of a result; empty where there is none."""
        result = self.known.get(op)
        return list(result[field]) if result else []

    def _counted(self, member: dict[str, Any], now: float) -> Traffic:
        rx, tx, before = member["rx_bytes"], member["tx_bytes"], self.traffic.get(member["identity"])
        if before is None or rx < before.rx or tx < before.tx:
            return Traffic(now, rx, tx)
        seconds = now - before.at
        if seconds <= 0:
            return before
        return Traffic(now, rx, tx, (rx - before.rx) / seconds, (tx - before.tx) / seconds)


def _used(peer: dict[str, Any]) -> dict[str, Any]:
    path = next((path for path in peer["paths"] if path["active"]), None)
    return {} if path is None else {name: path[name] for name in ("score", "grade", "loss_pct")}
