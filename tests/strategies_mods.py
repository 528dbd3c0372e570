"""Lists of modifications."""

from __future__ import annotations

from hypothesis import strategies as st

from lanrage.core.game_mods import HASH_BYTES, NAME_BYTES, Mod, ModList

MOD_NAMES = st.one_of(
    st.sampled_from(["sodium.jar", "lithium.jar", "opengfx.tar", "kräuter.zip"]),
    st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=NAME_BYTES // 4),
    st.integers(0, 99).map(lambda number: f"{number:02}".ljust(NAME_BYTES, "x")),
)
MODS = st.builds(Mod, MOD_NAMES, st.sampled_from([b"", b"1" * HASH_BYTES, b"2" * HASH_BYTES]))
MOD_LISTS = st.lists(MODS, max_size=60, unique_by=lambda mod: mod.name).map(ModList.of)
