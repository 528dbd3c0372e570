"""What hypothesis draws for probes and offers."""

from __future__ import annotations

from hypothesis import strategies as st

from lanrage.core.candidates import CANDIDATE_LIMIT, Candidate, CandidateKind
from lanrage.core.probe import Probe, ProbeKind
from tests.strategies_links import endpoints

eight = st.binary(min_size=8, max_size=8)
decisions = st.integers(0, 2**32 - 1)

pings = st.builds(Probe, st.just(ProbeKind.PING), eight, eight, eight)
pongs = st.builds(Probe, st.just(ProbeKind.PONG), eight, eight, eight, observed=endpoints)
decided = st.builds(
    Probe, st.sampled_from((ProbeKind.DECIDE, ProbeKind.DECIDED)), eight, eight, eight, decision=decisions
)
probes = pings | pongs | decided

candidates = st.lists(st.builds(Candidate, st.sampled_from(CandidateKind), endpoints), max_size=CANDIDATE_LIMIT).map(
    tuple
)
