"""What hypothesis draws for the party channel."""

from __future__ import annotations

from hypothesis import strategies as st

from lanrage.core.game_mods import PIECES_LIMIT, pieces
from lanrage.core.game_presence import NAME_LIMIT, SERVERS_LIMIT, Hosted, Playing
from lanrage.wire.party_channel import (
    EPOCH_LIMIT,
    PARTS_ASKED,
    PAYLOAD_LIMIT,
    RECORD_LIMIT,
    Forward,
    Forwarded,
    Games,
    HeadTold,
    ModsAsk,
    ModsPart,
    ReadyAsk,
    ReadyTold,
    Records,
    Signal,
    Want,
)
from tests.strategies_links import keys
from tests.strategies_mods import MOD_LISTS
from tests.strategies_quality import quality_words

epochs = st.integers(0, EPOCH_LIMIT - 1)
payloads = st.binary(max_size=200) | st.binary(min_size=PAYLOAD_LIMIT, max_size=PAYLOAD_LIMIT)
records = st.binary(min_size=1, max_size=300) | st.binary(min_size=RECORD_LIMIT, max_size=RECORD_LIMIT)
ports = st.integers(1, 65535)
hosted = st.builds(Hosted, st.sampled_from(("tcp", "udp")), ports, st.sampled_from(("", "a2s", "quake3")), ports)
names = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=NAME_LIMIT)
plays = st.builds(
    Playing,
    st.text("abcxyz019-", min_size=1, max_size=40),
    names,
    st.booleans(),
    st.lists(hosted, max_size=SERVERS_LIMIT).map(tuple),
)
game_ids = st.text("abcxyz019-", min_size=1, max_size=40)
mod_parts = st.builds(
    lambda game, mods, at: ModsPart.told(game, (parts := pieces(mods))[at % len(parts)]),
    game_ids,
    MOD_LISTS,
    st.integers(0, 9),
)
part_numbers = st.lists(st.integers(0, PIECES_LIMIT - 1), max_size=PARTS_ASKED).map(tuple)
messages = st.one_of(
    st.builds(ReadyAsk, st.binary(min_size=8, max_size=8), st.floats(0, 60)),
    st.builds(ReadyTold, st.binary(min_size=8, max_size=8), st.booleans()),
    st.builds(ModsAsk, game_ids, st.sampled_from((b"", b"d" * 16)), part_numbers),
    mod_parts,
    quality_words,
    st.builds(HeadTold, epochs, keys),
    st.builds(Want, epochs),
    st.builds(Records, epochs, records.map(lambda record: (record,))),
    st.builds(Signal, payloads),
    st.builds(Forward, keys, payloads),
    st.builds(Forwarded, keys, payloads),
    st.builds(Games.of, st.binary(min_size=8, max_size=8), epochs, st.lists(plays, max_size=10)),
)
