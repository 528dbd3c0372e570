"""Keys that are pressed at the terminal of a program that shows a picture."""

from __future__ import annotations

import os
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

READ_SIZE = 64
"""Bytes that are read at once: a person types fewer."""


@implementer(IReadDescriptor)
class _Keys:
    """What is typed at a descriptor, given on as it comes."""

    def __init__(self, reactor: Any, descriptor: int, pressed: Callable[[str], None]) -> None:
        self._reactor, self._descriptor, self._pressed = reactor, descriptor, pressed

    def fileno(self) -> int:
        """Twisted: of what is read."""
        return self._descriptor

    def doRead(self) -> None:
        """Twisted: something was typed, or the terminal is gone."""
        try:
            typed = os.read(self._descriptor, READ_SIZE)
        except OSError:
            typed = b""
        if not typed:
            self._reactor.removeReader(self)
        for key in typed.decode("utf-8", "replace"):
            self._pressed(key)

    def connectionLost(self, reason: Failure) -> None:
        """Twisted: the reactor stops."""

    def logPrefix(self) -> str:
        """Twisted: its name."""
        return "keyboard"


@contextmanager
def keys(reactor: Any, descriptor: int, pressed: Callable[[str], None]) -> Iterator[None]:
    """Call with each key as it is pressed, until the block ends; then the terminal is as it was.

    What is no terminal is not read at all: it may be a file that a program was given by mistake.
    """
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    reader = _Keys(reactor, descriptor, pressed)
    tty.setcbreak(descriptor)
    reactor.addReader(reader)
    try:
        yield
    finally:
        reactor.removeReader(reader)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
