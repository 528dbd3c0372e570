"""Who calls an operation: descriptors are taken once and never leaked, and the end is told to all that wait for it."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.caller import Caller
from lanrage.errors import BadInput


def is_open(descriptor: int) -> bool:
    """Whether a descriptor stands."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


class CallerTests(SynchronousTestCase):
    """One caller."""

    def setUp(self) -> None:
        """Connected."""
        self.ended: list[str] = []
        self.caller = Caller(1000, lambda: self.ended.append("ended"))

    def descriptor(self) -> int:
        """One that is inherited, as those that come by a socket are."""
        made = os.open("/dev/null", os.O_RDONLY)
        os.set_inheritable(made, True)
        return made

    def test_take(self) -> None:
        """What was given is taken once, is not inherited, and is the taker's to close."""
        given = self.descriptor()
        self.caller.give(given)
        self.assertEqual(self.caller.take("namespace"), given)
        self.assertFalse(os.get_inheritable(given))
        error = self.assertRaises(BadInput, self.caller.take, "namespace")
        assert isinstance(error, BadInput)
        self.assertEqual(error.field, "namespace")
        self.caller.lost()
        self.assertTrue(is_open(given))
        os.close(given)

    def test_untaken(self) -> None:
        """One that nobody takes is closed: by the next one, by the end, and when it comes after the end."""
        first, second = self.descriptor(), self.descriptor()
        self.caller.give(first)
        self.caller.give(second)
        self.assertEqual((is_open(first), is_open(second)), (False, True))
        self.caller.lost()
        self.assertFalse(is_open(second))
        third = self.descriptor()
        self.caller.give(third)
        self.assertFalse(is_open(third))

    def test_gone(self) -> None:
        """All that wait for the end are told once; who comes later is told at once."""
        told: list[int] = []
        self.caller.when_gone(lambda: told.append(1))
        self.caller.when_gone(lambda: told.append(2))
        self.assertEqual(told, [])
        self.caller.lost()
        self.caller.lost()
        self.caller.when_gone(lambda: told.append(3))
        self.assertEqual(told, [1, 2, 3])
