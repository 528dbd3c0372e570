"""Cookies: each is of one line, one transaction and one time, and the jar keeps two secrets at most."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lanrage.core.relay import COOKIE_BYTES
from lanrage.core.relay_cookies import ROTATION, CookieJar, Line
from tests.core.relay_world import counting
from tests.strategies_links import hosts, ports
from tests.strategies_relay import transactions

lines = st.builds(Line, hosts.map(str), ports, ports)
moments = st.floats(0, 10 * ROTATION)


@given(lines, lines, transactions, transactions, moments)
def test_a_cookie_is_of_one_line_and_transaction(
    one: Line, other: Line, first: bytes, second: bytes, now: float
) -> None:
    """And of one transaction."""
    jar = CookieJar(counting())
    cookie = jar.bake(one, first, now)
    assert len(cookie) == COOKIE_BYTES
    assert jar.knows(cookie, one, first, now)
    assert jar.knows(cookie, other, first, now) == (one == other)
    assert jar.knows(cookie, one, second, now) == (first == second)
    assert not CookieJar(counting()).knows(cookie, one, first, now), "a jar that baked nothing knows nothing"


@given(lines, transactions, moments, st.floats(0, 3 * ROTATION))
def test_it_lives_for_two_to_four_minutes(line: Line, transaction: bytes, baked: float, wait: float) -> None:
    """Whatever else is baked in between."""
    jar = CookieJar(counting())
    cookie = jar.bake(line, transaction, baked)
    jar.bake(line, transaction, baked + wait)
    known = jar.knows(cookie, line, transaction, baked + wait)
    if wait < ROTATION * 0.999:
        assert known
    if wait > 2 * ROTATION:
        assert not known


@given(st.lists(moments, max_size=20).map(sorted))
def test_the_jar_keeps_two_secrets(times: list[float]) -> None:
    """However long it runs."""
    jar = CookieJar(counting())
    for now in times:
        jar.bake(Line("192.0.2.1", 1, 7800), b"12345678", now)
        assert len(jar) <= 2
