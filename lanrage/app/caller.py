"""Who calls an operation of the local API, for those that last as long as the caller's connection does."""

from __future__ import annotations

import os
from collections.abc import Callable

import attrs

from lanrage.errors import BadInput


@attrs.define(eq=False)
class Caller:
    """A program at the other end of the node's socket, or a page that a user of it has opened.

    :param user: whom the kernel vouches for.
    :param end: ends the connection.
    :param by_web: it is a page in a browser, or who else has a token of one.
    """

    user: int
    end: Callable[[], None]
    by_web: bool = False
    _descriptor: int | None = None
    _gone: bool = False
    _watching: list[Callable[[], None]] = attrs.field(factory=list)

    def give(self, descriptor: int) -> None:
        """The program sent a descriptor, for its next call; one that nobody took is closed."""
        os.set_inheritable(descriptor, False)
        self._close()
        self._descriptor = descriptor
        if self._gone:
            self._close()

    def take(self, field: str) -> int:
        """The descriptor that came with the call; whoever takes it closes it.

        :param field: what it is, for the error.
        :raises BadInput: where none came.
        """
        taken, self._descriptor = self._descriptor, None
        if taken is None:
            raise BadInput(field, "a descriptor must come with the call (SCM_RIGHTS)")
        return taken

    def when_gone(self, call: Callable[[], None]) -> None:
        """Call when the connection has ended; at once if it has."""
        if self._gone:
            call()
        else:
            self._watching.append(call)

    def lost(self) -> None:
        """The connection has ended."""
        self._gone = True
        self._close()
        watching, self._watching = self._watching, []
        for call in watching:
            call()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
