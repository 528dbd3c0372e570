"""Names that a reader cannot tell apart are one."""

from __future__ import annotations

from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.names import name_key
from tests.strategies_control import names


class NameTests(SynchronousTestCase):
    """When two names are one."""

    def test_same(self) -> None:
        """Case, composition, width, ligatures, blanks, invisible signs make no difference."""
        for one, other in [
            ("Ada", "ADA"),
            ("Zoë", "Zoe\u0308"),
            ("Straße", "STRASSE"),
            ("Ada", "\uff21\uff44\uff41"),
            ("\ufb01n", "fin"),
            ("a b", "a\u00a0 b"),
            ("host", "ho\u200bst"),
            ("host", "\u202ehost"),
        ]:
            self.assertEqual(name_key(one), name_key(other), (one, other))

    def test_different(self) -> None:
        """Different names stay different."""
        keys = {name_key(name) for name in ("Ada", "Bob", "A da", "Ade", "1", "2", "🎮", "🎲")}
        self.assertEqual(8, len(keys))

    @given(name=names)
    def test_stable(self, name: str) -> None:
        """The form of a form is itself."""
        self.assertEqual(name_key(name), name_key(name_key(name)))
        self.assertEqual(name_key(name), name_key(name.swapcase()) if name.isascii() else name_key(name))
