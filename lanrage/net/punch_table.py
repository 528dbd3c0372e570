"""Lets WireGuard send to one address from another port than its own: an nftables table of ours (``docs/links.rst``).

The rules rewrite ports of single packets and need no connection tracking: what leaves is rewritten before it, what
comes in after it, so a firewall on this machine sees one flow from the port that was hit.
"""

from __future__ import annotations

import re
import subprocess
from shutil import which

from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger

from lanrage.core.links import Endpoint
from lanrage.core.undo import UndoEntry
from lanrage.errors import LanrageError, MissingRight
from lanrage.interfaces import IUndoJournal
from lanrage.net.threads import in_thread

log = Logger()

TIMEOUT_S = 5.0
"""``nft`` answers within milliseconds; the kernel may wait for another program's transaction."""


def table_name(device: str) -> str:
    """The table that belongs to a tunnel device, whose name is unique on the machine."""
    return "lanrage-punch-" + re.sub(r"[^A-Za-z0-9_.-]", "_", device)


def ruleset(table: str, port: int) -> str:
    """The empty table of a node.

    :param port: WireGuard's own.
    """
    return f"""table ip {table}
delete table ip {table}
table ip {table} {{
 map leaving {{ type ipv4_addr . inet_service : inet_service; }}
 map coming {{ type ipv4_addr . inet_service . inet_service : inet_service; }}
 chain output {{ type filter hook output priority -310;
  udp sport {port} udp sport set ip daddr . udp dport map @leaving; }}
 chain prerouting {{ type filter hook prerouting priority -150;
  udp dport set ip saddr . udp sport . udp dport map @coming; }}
}}
"""


def elements(verb: str, table: str, port: int, peer: Endpoint, local: int) -> str:
    """Add or delete the way to one peer (IPv4).

    :param verb: ``add`` or ``delete``.
    :param local: the port from which packets to the peer leave.
    """
    return (
        f"{verb} element ip {table} leaving {{ {peer.host} . {peer.port} : {local} }}\n"
        f"{verb} element ip {table} coming {{ {peer.host} . {peer.port} . {local} : {port} }}\n"
    )


def run_nft(text: str, name: str = "nft") -> None:
    """Carry nftables commands out as one transaction. Blocks.

    :param name: the program, or its path.
    :raises MissingRight: when ``nft`` is not installed, or the kernel refuses.
    """
    program = which(name)
    if program is None:
        raise MissingRight("birthday probing needs the program nft: apt-get install nftables")
    try:
        done = subprocess.run(
            [program, "-f", "-"], input=text, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LanrageError(f"nft did not answer: {error}") from error
    if done.returncode:
        said = " ".join(done.stderr.split())[:300]
        raise MissingRight(f"birthday probing needs nftables in the kernel and CAP_NET_ADMIN: {said}")


def remove_table(table: str) -> None:
    """Remove a table of ours; one that is gone is no error. Blocks."""
    run_nft(f"table ip {table}\ndelete table ip {table}\n")


class PunchTable:
    """The ways of one node. Calls are made one after another.

    :param device: the tunnel's name.
    :param journal: remembers the table, so that the next start after a crash removes it.
    """

    def __init__(self, reactor: IReactorThreads, device: str, journal: IUndoJournal | None = None) -> None:
        self._reactor = reactor
        self._table = table_name(device)
        self._journal = journal
        self._ways: dict[Endpoint, tuple[int, int]] = {}
        self._made = False
        self._tried = False

    async def ready(self, port: int) -> None:
        """Have the table, with every way that there is, before anything is spent on another.

        :param port: WireGuard's own.
        :raises LanrageError: with what is missing.
        """
        await self._change(port, f"list table ip {self._table}\n", "")

    async def add(self, peer: Endpoint, local: int, port: int) -> None:
        """What WireGuard sends from `port` to `peer` leaves from `local`, and what comes back there reaches it.

        :raises LanrageError: with what is missing.
        """
        before = self._elements("delete", peer) if peer in self._ways else ""
        added = elements("add", self._table, port, peer, local)
        await self._change(port, before + added, added, but=peer)
        self._ways[peer] = (port, local)

    async def remove(self, peer: Endpoint) -> None:
        """Take the way to a peer back; an unknown one is no error.

        :raises LanrageError: when the table is gone and cannot be made anew.
        """
        if peer in self._ways:
            text, (port, _) = self._elements("delete", peer), self._ways.pop(peer)
            await self._change(port, text, "")

    async def close(self) -> None:
        """Take all back."""
        self._ways = {}
        made, tried = self._made, self._tried
        self._made = self._tried = False
        if tried:
            try:
                await in_thread(self._reactor, self._remove)
            except LanrageError:
                if made:
                    raise  # what could not be made is not there either; the journal remembers it

    async def _change(self, port: int, text: str, added: str, but: Endpoint | None = None) -> None:
        """Change the table; make it anew where it is not there, or where somebody removed it.

        A firewall that is loaded anew flushes all tables: then every way is dead until this one is back.

        :param added: what the new table holds besides the ways that are known.
        :param but: of these all but this one.
        """
        flushed = ""
        if self._made:
            try:
                await in_thread(self._reactor, run_nft, text)
                return
            except LanrageError as error:
                flushed = str(error)
        kept = "".join(self._elements("add", each) for each in self._ways if each != but)
        self._made, self._tried = False, True
        await in_thread(self._reactor, self._make, ruleset(self._table, port) + kept + added)
        self._made = True
        if flushed:
            log.warn(
                "table {table} was removed by another program and is made anew: {error}",
                table=self._table,
                error=flushed,
            )

    def _elements(self, verb: str, peer: Endpoint) -> str:
        port, local = self._ways[peer]
        return elements(verb, self._table, port, peer, local)

    def _make(self, text: str) -> None:
        if self._journal is not None:
            self._journal.note(UndoEntry("punch-table", self._table))
        run_nft(text)

    def _remove(self) -> None:
        remove_table(self._table)
        if self._journal is not None:
            self._journal.forget(UndoEntry("punch-table", self._table))
