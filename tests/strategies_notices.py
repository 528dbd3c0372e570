"""hypothesis strategies for notices, their targets, and views of a party."""

from __future__ import annotations

from hypothesis import strategies as st

from lanrage.core.notice_queue import Answer, Batch, Waiting
from lanrage.core.notice_targets import Target, TargetKind
from lanrage.core.notices import ALL_KINDS, Notice, NoticeKind
from lanrage.core.party_events import MemberSeen, PartySeen

hostile = st.sampled_from(
    (
        "@everyone [free games](https://evil.example) `x`\nand more",
        "<@123456789012345678> <#1> <:a:1> ||spoiler|| **bold** discord.gg/abc",
        "\u202egnp.exe \x1b[31m\x00",
        "</title><script>alert(1)</script>",
        "a\r\nPriority: max",
        "Ünïcödé 🎮 " * 40,
    )
)
texts = st.text(max_size=500) | hostile
notices = st.builds(Notice.of, st.sampled_from(NoticeKind), texts, st.booleans())
few_notices = st.sampled_from([Notice(NoticeKind.JOINED, f"{name} joined") for name in "abcdef"])
waiting = st.builds(Waiting, notices, st.integers(1, 9))
batches = st.builds(Batch, st.integers(1, 10**6), st.lists(waiting, min_size=1, max_size=12).map(tuple))
events = st.frozensets(st.sampled_from(sorted(ALL_KINDS)), min_size=1)
URLS = {
    TargetKind.DISCORD: "https://discord.example.org/api/webhooks/1/s3cret-token?thread_id=5",
    TargetKind.NTFY: "https://ntfy.example.org/s3cret-topic",
    TargetKind.MATRIX: "https://matrix.example.org:8448/!s3cret/ro?om:example.org",
    TargetKind.JSON: "http://127.0.0.1:9/s3cret",
}
targets = st.sampled_from(TargetKind).flatmap(
    lambda kind: st.builds(Target, st.just(kind), st.just(URLS[kind]), events, st.sampled_from(("", "s3cret-bearer")))
)
answers = st.builds(
    Answer,
    st.sampled_from((0, 200, 204, 301, 400, 404, 408, 429, 500, 503)),
    st.floats(0, 60),
    st.none() | st.integers(0, 3),
    st.floats(0, 10),
    st.booleans(),
)
names = st.sampled_from(("Ann", "Ben", "Cleo"))
games = st.frozensets(st.sampled_from(("teeworlds", "openarena")), max_size=2).map(
    lambda chosen: {each: each for each in chosen}
)
members = st.builds(MemberSeen, names, st.booleans(), games, st.booleans())
identities = st.sampled_from([bytes([number]) * 32 for number in range(4)])
parties = st.builds(
    PartySeen,
    st.sampled_from(("p1", "p1", "p1", "p2")),
    st.just("Friday"),
    st.dictionaries(identities, members, max_size=4),
    st.just(b"") | identities,
    st.frozensets(identities, max_size=2),
)
