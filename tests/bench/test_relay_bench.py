"""The relay's bench judges what it measures; a short run of it measures all that has a limit."""

from __future__ import annotations

import shutil

import pytest

from tests.bench.relay import AT_LEAST, AT_MOST, judged, run


def test_limits() -> None:
    """A figure on the limit keeps it, one beyond is told."""
    good: dict[str, float] = {**AT_LEAST, **AT_MOST}
    assert judged(good, AT_LEAST)["ok"]
    for name, limit in good.items():
        worse = good | {name: limit - 0.01 if name in AT_LEAST else limit + 0.01}
        told = judged(worse, AT_LEAST)
        assert not told["ok"]
        assert told["shortfalls"][0].startswith(f"{name} is {worse[name]}")


@pytest.mark.lab
@pytest.mark.needs("root", "nft", "tun")
@pytest.mark.skipif(shutil.which("turnserver") is None, reason="needs the program turnserver")
def test_a_look() -> None:
    """One short round: every figure with a limit is there; those that no noise moves keep it."""
    figures = run(["--rounds", "1", "--seconds", "0.05", "--trips", "20", "--pairs", "50"])
    assert set(AT_LEAST) | set(AT_MOST) <= set(figures)
    assert figures["pairs_held"] == 50
    assert figures["held"]["kernel"]["kernel_lines"] == 100
    assert figures["stranger_data_factor"] == figures["stranger_forwarded"] == 0
    assert figures["stranger_control_factor"] <= 1
    assert min(figures["packets_per_second"].values()) > 0
