"""Tables and answers about bound sockets."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.play_ports import PROTOS, Proto
from lanrage.errors import DecodeError
from lanrage.wire.socket_table import Bound, ask_bound, parse_bound, read_bound

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 100 0\n"


def table(*rows: tuple[str, str, int]) -> str:
    """A table of the kernel."""
    return HEAD + "".join(ROW.format(local=local, state=state, inode=inode) for local, state, inode in rows)


ANYWHERE, INSIDE = Bound("tcp", 3979, 11, False, "0.0.0.0"), Bound("tcp", 3979, 12, True, "127.0.0.1")


class TableTests(SynchronousTestCase):
    """:func:`parse_bound`."""

    def test_tcp(self) -> None:
        """Those that listen; whether this machine alone is heard, in either byte order."""
        text = table(("00000000:0F8B", "0A", 11), ("0100007F:0F8B", "0A", 12), ("00000000:0016", "01", 13))
        self.assertEqual(list(parse_bound(text, "tcp")), [ANYWHERE, INSIDE])
        big = table(("7F000001:0F8B", "0A", 12))
        self.assertEqual(list(parse_bound(big, "tcp", "big")), [INSIDE])

    def test_udp6(self) -> None:
        """Those without a peer; ::1 and mapped 127/8 are inside, :: is not."""
        inside = ("0" * 24 + "01000000", "0" * 16 + "FFFF0000" + "0100007F")
        text = table(*((f"{host}:0010", "07", 1) for host in (*inside, "0" * 32)), ("0" * 32 + ":0010", "01", 1))
        self.assertEqual([each.inside for each in parse_bound(text, "udp")], [True, True, False])
        self.assertEqual([each.address for each in parse_bound(text, "udp")], ["::1", "127.0.0.1", "::"])

    def test_broken(self) -> None:
        """A row that is none."""
        for local in ("00000000", "xyz:0010", "00:0010"):
            with self.assertRaises(DecodeError):
                list(parse_bound(table((local, "0A", 1)), "tcp"))

    @given(st.text(max_size=200), st.sampled_from(PROTOS))
    def test_anything(self, text: str, proto: Proto) -> None:
        """Sockets, or one error."""
        try:
            found = list(parse_bound("head\n" + text, proto))
        except DecodeError:
            return
        self.assertTrue(all(each.proto == proto for each in found))


class AnswerTests(SynchronousTestCase):
    """:func:`read_bound`."""

    def test_described(self) -> None:
        """A description of the kernel's (struct inet_diag_msg)."""
        body = struct.pack("!BBBBHH16s16s", 2, 10, 0, 0, 3979, 0, bytes([127, 0, 0, 1]) + bytes(12), bytes(16))
        body += struct.pack("=I8xIIIII", 0, 0, 0, 0, 0, 4711)
        answer = struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body
        self.assertEqual(read_bound(answer, "tcp"), ([Bound("tcp", 3979, 4711, True, "127.0.0.1")], False))
        done = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)
        self.assertEqual(read_bound(done, "tcp"), ([], True))

    def test_question(self) -> None:
        """TCP: those that listen; UDP: those without a peer (<net/tcp_states.h>)."""
        self.assertEqual(
            [struct.unpack_from("=BBBxI", ask_bound(2, proto), 16) for proto in ("tcp", "udp")],
            [(2, 6, 0, 1 << 10), (2, 17, 0, 1 << 7)],
        )

    @given(st.binary(max_size=200))
    def test_anything(self, data: bytes) -> None:
        """Sockets, one error, or the kernel's own."""
        try:
            read_bound(data, "udp")
        except (DecodeError, OSError):
            return
