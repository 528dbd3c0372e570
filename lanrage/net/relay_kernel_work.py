"""What a relay does to the kernel: its table, its maps' elements, flows, cards, self-test. All calls block; in threads.

One object for one life of the table; :mod:`lanrage.net.kernel_relay` says what and when.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from lanrage.core.kernel_pairs import Batch, Mapped, flows
from lanrage.core.relay_bindings import RelayLimits
from lanrage.errors import LanrageError
from lanrage.interfaces import IUndoJournal
from lanrage.net.forwarding import cards, let_forward, restore_all
from lanrage.net.nfnetlink import forget_flows, read_counters
from lanrage.net.nft import Nft
from lanrage.net.relay_selftest import SelfTest
from lanrage.wire import relay_ruleset as rules

BLOCKED = "this machine drops what it should forward: another firewall's forward policy, most likely (nft list ruleset)"
"""The reason when the self-test's packet is lost."""
HEADERS = 28
"""Bytes of the IPv4 and UDP headers, which the kernel counts."""
TOKEN = 16
"""Bytes of the self-test's packet, which is no client's data."""
AT_ONCE = 256
"""Lines of one transaction: libnftables takes some 5 KiB for each while it reads them."""


class KernelWork:
    """The kernel's side of one relay.

    :param ports: first and last.
    :param journal: remembers which cards were made to forward.
    """

    def __init__(self, ports: tuple[int, int], limits: RelayLimits, journal: IUndoJournal) -> None:
        self._ports, self._limits, self._journal = ports, limits, journal
        self._nft: Nft | None = None
        self._test = SelfTest(ports)
        self._opened: set[int] | None = None
        self._tests = 0
        self._before = {rules.PASSED: (0, 0), rules.LIMITED: (0, 0)}

    def start(self) -> None:
        """Make the table and the cards forward, and see whether a packet passes.

        :raises LanrageError: the reason why not; nothing is left then.
        """
        try:
            nft = self._nft = Nft()
            nft.run(rules.drop(self._ports[0]))
            nft.run(rules.ruleset(self._ports, self._limits))
            self._test.open()
            nft.run(rules.add(self._ports[0], self._test.lines()))
            self._opened, self._tests = None, 0
            reason = self.check()
            if reason is not None:
                raise LanrageError(reason)
        except LanrageError:
            self.stop(())
            raise

    def stop(self, had: tuple[Mapped, ...]) -> None:
        """Take all back; the flows of what the maps `had` as well."""
        nft, self._nft = self._nft, None
        if nft is not None:
            with contextlib.suppress(LanrageError):  # of a table that is gone what it counted is lost
                self._before = self.counters()
            nft.close()
        try:
            if nft is not None:
                forget_flows(flows(had + self._test.lines()))
        finally:  # whatever became of the flows, nothing else stays
            self._test.close()
            restore_all(self._journal)

    def apply(self, batch: Batch) -> None:
        """Change the maps.

        What is taken out goes first: from then on its packets are not tracked, so no flow can come anew between
        forgetting the old ones and putting the new lines in.
        """
        first, nft = self._ports[0], self._working()
        for part in _parts(batch.removed):
            nft.run(rules.remove(first, part))
        if batch.removed or batch.added:
            forget_flows(flows(batch.removed + batch.added))
        for part in _parts(batch.renewed):
            nft.run(rules.renew(first, part))
        for part in _parts(batch.added):
            nft.run(rules.add(first, part))

    def clear(self, had: tuple[Mapped, ...]) -> None:
        """Take all lines out, but those of the self-test; `had` is what the maps had."""
        self._working().run(rules.clear(self._ports[0]) + rules.add(self._ports[0], self._test.lines()))
        forget_flows(flows(had))

    def check(self) -> str | None:
        """Let all cards forward, and send a packet: ``None``, or the reason why the kernel cannot forward."""
        if self._nft is None:
            self.start()
            return None
        opened = {index for name, index in cards().items() if let_forward(name, self._journal)}
        if opened != self._opened:
            self._working().run(rules.set_opened(self._ports[0], opened))
            self._opened = opened
        return None if self._passes() or self._passes() else BLOCKED

    def counters(self) -> dict[str, tuple[int, int]]:
        """Packets and bytes of data since the start, by counter."""
        found = dict(self._before)
        for name, (packets, size) in read_counters(rules.table_name(self._ports[0]), tuple(found)).items():
            tests = self._tests if name == rules.PASSED else 0
            before = self._before[name]
            found[name] = before[0] + packets - tests, before[1] + size - HEADERS * packets - TOKEN * tests
        return found

    def _passes(self) -> bool:
        self._tests += 1
        return self._test.passes(os.urandom(TOKEN))

    def _working(self) -> Nft:
        if self._nft is None:
            raise LanrageError("the kernel does not forward for this relay")
        return self._nft


def _parts(entries: tuple[Mapped, ...]) -> Iterator[tuple[Mapped, ...]]:
    return (entries[begin : begin + AT_ONCE] for begin in range(0, len(entries), AT_ONCE))
