"""A relay in one mode among hosts in namespaces, as its contract's tests (``tests/contracts_relay.py``) have it."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.relay_hosts import SILENCE, End, Hosts, RelayProcess

DATA = b"\x04\0\0\0" + b"ciphertext" * 6


class RelayCase(SynchronousTestCase):
    """One mode of the relay."""

    mode = ""
    hosts: Hosts
    shared: RelayProcess | None = None

    @classmethod
    def setUpClass(cls) -> None:
        """Hosts for all tests, and soon a relay that most of them share: its start takes a second."""
        cls.hosts = Hosts()

    @classmethod
    def tearDownClass(cls) -> None:
        """End both."""
        cls.hosts.close()

    def setUp(self) -> None:
        """A folder for the relay's state."""
        folder = TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.addCleanup(self.hosts.close_ends)

    @property
    def in_kernel(self) -> bool:
        """Whether the data of pairs goes by the kernel."""
        return self.mode == "kernel"

    def run_relay(self) -> RelayProcess:
        """The relay that tests share which leave it as it was."""
        cls = type(self)
        if cls.shared is None:
            folder = TemporaryDirectory()  # pylint: disable=consider-using-with
            self.hosts.at_end(folder.cleanup)
            cls.shared = self._start(folder.name)
        return cls.shared

    def own_relay(self, **config: Any) -> RelayProcess:
        """A relay of the test's own; the shared one makes room."""
        shared, type(self).shared = type(self).shared, None
        if shared is not None:
            shared.stop()
        relay = self._start(self.folder, **config)
        self.addCleanup(relay.stop)
        return relay

    def _start(self, folder: str, **config: Any) -> RelayProcess:
        relay = self.hosts.run_relay(self.mode, folder, **config)
        self.assertEqual(self.in_kernel, relay.first.get("in_kernel"))
        return relay

    def pair(self, relay: RelayProcess) -> tuple[End, End]:
        """Anna and Ben bound, at different ports of the relay."""
        anna, ben = self.hosts.end("anna", 51820, 7800), self.hosts.end("ben", 4242, 7803)
        anna.bind("anna", "ben")
        self.assertTrue(ben.bind("ben", "anna").peer_present)
        self.settle(relay, 2)
        return anna, ben

    def settle(self, relay: RelayProcess, lines: int) -> None:
        """Wait until the kernel has these lines, where it is to have any."""
        if self.in_kernel:
            relay.until(kernel_lines=lines)

    def passes(self, sender: End, receiver: End, data: bytes = DATA) -> None:
        """Data arrives, once and unchanged."""
        sender.send(data)
        self.assertEqual(data, receiver.data())

    def silent(self, *ends: End) -> None:
        """No data comes."""
        for end in ends:
            self.assertIsNone(end.data(SILENCE))
