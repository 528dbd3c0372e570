"""Flows of connection tracking forgotten and counters of nftables read, many in one go. All calls block."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable

from lanrage.core.relay_cookies import Line
from lanrage.errors import DecodeError, LanrageError
from lanrage.net.devices import refusals_named
from lanrage.wire.nfnetlink import INET, ask_counter, forget_flow, read_answers

NFPROTO_INET = 1
"""<linux/netfilter.h>: the family of tables that see IPv4 and IPv6."""
NETLINK_NETFILTER = 12
"""<linux/netlink.h>"""
TIMEOUT = 2.0
"""Seconds; the kernel answers within the call that asks."""
AT_ONCE = 64
"""Requests a call: their answers (about 160 bytes each) fit the socket's buffer."""
Answer = int | tuple[int, int]


def forget_flows(lines: Iterable[tuple[Line, str]]) -> int:
    """Delete the flow of each line to the relay's address, if there is one; returns how many there were.

    :raises LanrageError: when the kernel refuses.
    """
    requests = [
        forget_flow(number, (line.host, line.port), (own, line.local)) for number, (line, own) in enumerate(lines)
    ]
    answers = _ask(requests)
    wrong = [answer for answer in answers.values() if answer not in (0, errno.ENOENT)]
    if wrong:
        code = wrong[0] if isinstance(wrong[0], int) else errno.EPROTO
        raise LanrageError(f"forgetting a flow failed: {os.strerror(code)}")
    return sum(answer == 0 for answer in answers.values())


def read_counters(table: str, names: tuple[str, ...], family: int = INET) -> dict[str, tuple[int, int]]:
    """Packets and bytes of named counters of a table.

    :raises LanrageError: when one is not there: the table is gone.
    """
    answers = _ask([ask_counter(number, table, name, family) for number, name in enumerate(names)], final=False)
    found = {}
    for number, name in enumerate(names):
        answer = answers.get(number)
        if not isinstance(answer, tuple):
            raise LanrageError(f"the counter {name} of the table {table} is gone")
        found[name] = answer
    return found


def _ask(requests: list[bytes], final: bool = True) -> dict[int, Answer]:
    """Send, and collect what is answered to each; of several answers to one the last counts, or the first."""
    answers: dict[int, Answer] = {}
    with (
        refusals_named("asking netfilter"),
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER) as asker,
    ):
        asker.settimeout(TIMEOUT)
        asker.bind((0, 0))
        for begin in range(0, len(requests), AT_ONCE):
            batch = requests[begin : begin + AT_ONCE]
            asker.send(b"".join(batch))
            done = 0
            while done < len(batch):
                try:
                    heard = list(read_answers(asker.recv(1 << 16)))
                except DecodeError as error:
                    raise LanrageError(f"netfilter: {error}") from error
                for number, answer in heard:
                    done += isinstance(answer, int)
                    if final or number not in answers:
                        answers[number] = answer
    return answers
