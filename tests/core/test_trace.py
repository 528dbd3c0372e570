"""An operation's lines of many logs in one order, whatever else is in the logs."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lanrage.core.trace import LINE_LIMIT, Trace, check_id, process_of, rows
from lanrage.errors import BadInput

ids = st.sampled_from(["join-1", "join-2", "", "join-11"])
entries = st.lists(st.tuples(st.integers(0, 5), ids, st.sampled_from(["node", "control", "relay"])), max_size=40)


def line(second: int, operation: str, role: str = "node", **more: object) -> bytes:
    """A log's line."""
    told = {"time": f"2026-01-01T00:00:{second:02}.000000Z", "correlation_id": operation, "role": role, "pid": 7}
    return json.dumps(told | more).encode() + b"\n"


@given(entries, st.integers(1, 50))
def test_order_and_limit(logged: list[tuple[int, str, str]], limit: int) -> None:
    """Exactly the operation's lines, by time and then as they were read; beyond the limit the first ones stay."""
    trace = Trace("join-1", limit=limit)
    for number, (second, operation, role) in enumerate(logged):
        trace.feed(line(second, operation, role, message=str(number)))
    of_it = [(second, number) for number, (second, operation, _) in enumerate(logged) if operation == "join-1"]
    wanted = [str(number) for _, number in sorted(of_it)]
    assert [each.message for each in trace.lines()] == wanted[:limit]
    assert (trace.read, trace.bad, trace.left_out) == (len(logged), 0, max(0, len(wanted) - limit))
    assert sum(trace.processes().values()) == len(trace.lines())


@given(st.lists(st.binary(max_size=60).filter(lambda raw: b"{" not in raw and raw.strip()), max_size=8))
def test_noise_is_counted(noise: list[bytes]) -> None:
    """What is no JSON line is counted and harms nothing."""
    trace = Trace("join-1")
    for raw in noise:
        trace.feed(raw)
    trace.feed(b"<6>" + line(1, "join-1"))
    trace.feed(b"  \n")
    assert (trace.bad, len(trace.lines()), trace.read) == (len(noise), 1, len(noise) + 1)


def test_damaged_lines_of_the_operation() -> None:
    """Cut short, of wrong types, or far too long: counted; an id in another field: not the operation's."""
    trace = Trace("join-1")
    for raw in (line(1, "join-1")[:-3], line(1, "join-1", message=5), line(1, "join-1", message="x" * LINE_LIMIT)):
        trace.feed(raw)
    assert (trace.bad, trace.lines()) == (3, [])
    trace.feed(line(1, "join-2", message="after join-1"))
    assert (trace.bad, trace.lines()) == (3, [])


def test_ids() -> None:
    """1 to 32 letters, digits and hyphens."""
    assert check_id("aB-9") == "aB-9"
    for text in ("", "a b", "a" * 33, "a\n", "ä"):
        with pytest.raises(BadInput, match="id"):
            Trace(text)


def test_shown() -> None:
    """Who, when, what; a process without a node's id by its machine."""
    trace = Trace("join-1")
    trace.feed(line(2, "join-1", "relay", host="vm", message="bound", level="info"))
    trace.feed(line(1, "join-1", node="0123456789ab", message="asked", level="debug"))
    assert list(rows(trace)) == [
        ("00:00:01.000000", "node 01234567/7", "debug", "asked"),
        ("00:00:02.000000", "relay vm/7", "info", "bound"),
    ]
    assert list(trace.processes()) == [process_of(each) for each in trace.lines()]
    assert [each["message"] for each in trace.to_plain()["lines"]] == ["asked", "bound"]
