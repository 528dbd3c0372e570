"""What a sampling profiler saw: where the time went, by function and by stack, in bounded memory. Pure.

Seconds of each function are kept beside the tree of stacks, so that they stay right where the tree is full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

FRAMES = 5_000
"""Functions that are told apart; this program with its libraries runs about a thousand in an evening."""

STACKS = 5_000
"""Nodes of the tree: some 600 KiB, and a file that the local API carries in one answer."""

DEPTH = 100
"""Innermost frames of a stack that are looked at; a Twisted service seldom has more than 40."""

HERTZ = 100
"""Looks a second, on the average."""
HERTZ_RANGE = (1, 500)
"""Above, the profiler would begin to see itself."""

MINUTES, MINUTES_LIMIT = 10, 120
"""After so long it goes off by itself, and at most so long: nobody remembers to switch it off after the party."""


@attrs.frozen
class Frame:
    """A function.

    :param line: of its definition, from 1; 0 = not known.
    """

    function: str
    file: str = ""
    line: int = 0


OTHER = Frame("(other functions)")
"""Stands for functions beyond :data:`FRAMES`."""

MORE = Frame("(other stacks)")
"""Stands for stacks beyond :data:`STACKS`."""


@attrs.frozen
class Hotspot:
    """Where time went.

    :param seconds: in the function itself, with what it calls in C.
    :param total: with all that it calls.
    :param calls: how often it was called; ``None`` where calls are not counted.
    """

    frame: Frame
    seconds: float
    total: float
    calls: int | None = None


@attrs.define
class _Node:
    frame: int
    parent: int
    seconds: float = 0.0
    children: dict[int, int] = attrs.field(factory=dict)


class StackProfile:
    """Time by function and by stack.

    :ivar samples: how many were added.
    :ivar seconds: what they stand for together.
    :ivar squeezed: samples whose stack had no room in the tree.
    """

    def __init__(self, frames: int = FRAMES, stacks: int = STACKS) -> None:
        self._frames_limit, self._stacks_limit = max(2, frames), max(1, stacks)
        self.reset()

    def reset(self) -> None:
        """Forget all."""
        self.samples = self.squeezed = 0
        self.seconds = 0.0
        self.frames: list[Frame] = [OTHER, MORE]
        self._known = {OTHER: 0, MORE: 1}
        self._own: list[float] = [0.0, 0.0]
        self._total: list[float] = [0.0, 0.0]
        self._nodes = [_Node(-1, -1)]

    def intern(self, frame: Frame) -> int:
        """The number of a function; that of :data:`OTHER` when there are too many."""
        known = self._known.get(frame)
        if known is not None:
            return known
        if len(self.frames) >= self._frames_limit:
            return 0
        self._known[frame] = number = len(self.frames)
        self.frames.append(frame)
        self._own.append(0.0)
        self._total.append(0.0)
        return number

    def add(self, stack: Sequence[int], seconds: float) -> None:
        """A stack was seen.

        :param stack: numbers of functions, the outermost first, not empty.
        :param seconds: for how long it stands.
        """
        self.samples += 1
        self.seconds += seconds
        stack = stack[-DEPTH:]
        self._own[stack[-1]] += seconds
        for number in set(stack):
            self._total[number] += seconds
        self._nodes[self._leaf(stack)].seconds += seconds

    def _leaf(self, stack: Sequence[int]) -> int:
        """The node of a stack; where there is no room, that of all such stacks."""
        at = 0
        for number in stack:
            below = self._nodes[at].children.get(number)
            if below is None:
                below = self._grow(at, number)
            if below is None:
                self.squeezed += 1
                return self._squeezed_node()
            at = below
        return at

    def _grow(self, at: int, number: int) -> int | None:
        if len(self._nodes) > self._stacks_limit:
            return None
        self._nodes.append(_Node(number, at))
        self._nodes[at].children[number] = made = len(self._nodes) - 1
        return made

    def _squeezed_node(self) -> int:
        root = self._nodes[0]
        if 1 not in root.children:
            self._nodes.append(_Node(1, 0))
            root.children[1] = len(self._nodes) - 1
        return root.children[1]

    def stacks(self) -> Iterator[tuple[tuple[int, ...], float]]:
        """Every stack that was innermost at some time, outermost function first, and its seconds."""
        for node in self._nodes[1:]:
            if node.seconds > 0.0:
                path, at = [node.frame], node.parent
                while at > 0:
                    path.append(self._nodes[at].frame)
                    at = self._nodes[at].parent
                yield tuple(reversed(path)), node.seconds

    def hotspots(self) -> list[Hotspot]:
        """All functions that were innermost at some time, those with most time of their own first."""
        found = [
            Hotspot(frame, own, total)
            for frame, own, total in zip(self.frames, self._own, self._total, strict=True)
            if own > 0.0
        ]
        return sorted(found, key=lambda each: (-each.seconds, -each.total, each.frame.file, each.frame.line))
