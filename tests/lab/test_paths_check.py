"""Sections of ``lanrage lab paths``: which are run, and when both ends of a pair are said to agree."""

from __future__ import annotations

import attrs
import hypothesis.strategies as st
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import BadInput
from lanrage.lab.cuts import relay_ruleset
from lanrage.lab.paths_check import NAME, SECTIONS, chosen, paths
from lanrage.lab.paths_switches import End, fits
from lanrage.lab.plan import PUBLIC_ADDRESSES, check_name

HERE, THERE = "203.0.113.11", "203.0.113.12"
DIRECT_ENDS = (
    End("direct", f"{THERE}:51820", f"{THERE}:51820"),
    End("direct", f"{HERE}:51820", f"{HERE}:51820"),
)
RELAYED = End("relay", f"{PUBLIC_ADDRESSES[0]}:7801", f"{PUBLIC_ADDRESSES[0]}:7801")


class ChosenTests(SynchronousTestCase):
    """``--only``."""

    @given(st.lists(st.sampled_from(sorted(SECTIONS)), min_size=1))
    def test_order(self, words: list[str]) -> None:
        """Each once, in the order of the table."""
        self.assertEqual(chosen(" , ".join(words)), [word for word in SECTIONS if word in words])

    def test_unknown(self) -> None:
        """A word that is none of them is refused before anything is built; so is a name that is too long."""
        with self.assertRaises(BadInput):
            chosen("block,moon")
        with self.assertRaises(BadInput):
            paths(name="a-name-of-16-chr", only="block")

    def test_names(self) -> None:
        """The command's own name leaves room for each section's."""
        for word in SECTIONS:
            check_name(f"{NAME}-{word}")


class AgreementTests(SynchronousTestCase):
    """Both ends, the kind, and WireGuard itself."""

    def test_direct(self) -> None:
        """Each end's WireGuard sends to the other's public address."""
        self.assertTrue(fits(DIRECT_ENDS, "direct", (HERE, THERE)))
        self.assertFalse(fits(DIRECT_ENDS, "relay", (HERE, THERE)))
        self.assertFalse(fits(DIRECT_ENDS, "direct", (HERE, "203.0.113.99")))

    def test_relay(self) -> None:
        """Each end's sends to a relay."""
        self.assertTrue(fits((RELAYED, RELAYED), "relay", (HERE, THERE)))
        self.assertFalse(fits((RELAYED, DIRECT_ENDS[1]), "relay", (HERE, THERE)))

    @given(st.sampled_from(["kind", "agreed", "used"]), st.booleans())
    def test_any_difference(self, field: str, first: bool) -> None:
        """One end with another kind, another agreement, or a WireGuard that sends elsewhere or nowhere is enough."""
        for value in (None, f"{PUBLIC_ADDRESSES[0]}:7801"):
            wrong = attrs.evolve(DIRECT_ENDS[0 if first else 1], **{field: value})  # type: ignore[arg-type]
            ends = (wrong, DIRECT_ENDS[1]) if first else (DIRECT_ENDS[0], wrong)
            self.assertFalse(fits(ends, "direct", (HERE, THERE)))


class CutTests(SynchronousTestCase):
    """Rules."""

    def test_relay_rules(self) -> None:
        """Loading them again replaces them; without a cut there are none."""
        for cut in (True, False):
            text = relay_ruleset(cut)
            self.assertEqual(text.count("{"), text.count("}"))
            self.assertEqual("drop" in text, cut)
            self.assertIn("delete table ip cut", text)
