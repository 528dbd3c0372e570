"""Many datagrams a system call, on the loopback."""

from __future__ import annotations

import ctypes
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.mmsg import ADDRESS_BYTES, KEY, Address, Receiver, Sender, Slab, pack_address, unpack_key

ports = st.integers(1, 65535)


class AddressTests(SynchronousTestCase):
    """Addresses as the kernel writes them."""

    @given(st.ip_addresses(v=4).map(str), ports)
    def test_round_trip(self, host: str, port: int) -> None:
        """An address's key gives host and port back."""
        packed = pack_address(host, port)
        self.assertEqual(ADDRESS_BYTES, len(packed))
        self.assertEqual((host, port), unpack_key(packed[KEY]))

    def test_no_address(self) -> None:
        """Names are not looked up."""
        for host in ("relay.example", "2001:db8::1", ""):
            with pytest.raises(OSError, match="illegal IP address"):
                pack_address(host, 1)


class MmsgTests(SynchronousTestCase):
    """Two sockets."""

    def setUp(self) -> None:
        """The first one reads and sends many, the second is an ordinary one."""
        self.many, self.plain = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for each in (self.many, self.plain):
            self.addCleanup(each.close)
            each.bind(("127.0.0.1", 0))
            each.settimeout(2)
        self.fileno = self.many.fileno()
        self.many.setblocking(False)
        self.to = Address(*self.plain.getsockname())

    def test_receive(self) -> None:
        """All that waits, up to the size; then the rest; then nothing. Sizes are those sent, too long ones as well."""
        receiver = Receiver(4, 64)
        sent = [b"", b"1", b"x" * 64, b"y" * 65, b"last"]
        for data in sent:
            self.plain.sendto(data, self.many.getsockname())
        first = receiver.receive(self.fileno)
        assert first is not None
        self.assertEqual([0, 1, 64, 65], first.lengths)
        self.assertEqual([b"", b"1", b"x" * 64, b"y" * 64], [receiver.data(i, n) for i, n in enumerate([0, 1, 64, 64])])
        begins = range(0, 4 * ADDRESS_BYTES, ADDRESS_BYTES)
        sources = {unpack_key(first.addresses[begin : begin + ADDRESS_BYTES][KEY]) for begin in begins}
        self.assertEqual({self.plain.getsockname()}, sources)
        second = receiver.receive(self.fileno)
        assert second is not None
        self.assertEqual(([4], b"last"), (second.lengths, receiver.data(0, 4)))
        self.assertIsNone(receiver.receive(self.fileno))

    def test_send(self) -> None:
        """From anywhere in memory, in order."""
        slab, sender = Slab(3, 64), Sender(4)
        data = ctypes.create_string_buffer(b"a\0b", 3)
        places = [slab.keep(ctypes.addressof(data), size) for size in (3, 1, 2)]
        for place, size in zip(places, (3, 1, 2), strict=True):
            sender.add(place, size, self.to.place)
        self.assertEqual(0, sender.flush(self.fileno))
        self.assertEqual([b"a\0b", b"a", b"a\0"], [self.plain.recv(99) for _ in range(3)])
        self.assertEqual(0, sender.flush(self.fileno))

    def test_one_that_is_refused(self) -> None:
        """The kernel does not send from the loopback to another network; what stands beside it goes."""
        sender, away = Sender(4), Address("192.0.2.1", 9)
        data = ctypes.create_string_buffer(b"12", 2)
        for address in (self.to, away, self.to, away):
            sender.add(ctypes.addressof(data), 2, address.place)
        self.assertEqual(2, sender.flush(self.fileno))
        self.assertEqual([b"12", b"12"], [self.plain.recv(99) for _ in range(2)])

    def test_slab_is_used_again(self) -> None:
        """What was released is given out anew, and never what is still kept."""
        slab, data = Slab(2, 16), ctypes.create_string_buffer(b"0123", 4)
        one = slab.keep(ctypes.addressof(data), 4)
        other = slab.keep(ctypes.addressof(data), 2)
        self.assertNotEqual(one, other)
        with pytest.raises(IndexError):
            slab.keep(ctypes.addressof(data), 1)
        slab.release(one)
        self.assertEqual(one, slab.keep(ctypes.addressof(data), 1))
