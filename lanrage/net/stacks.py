"""What the threads of this process do: their stacks, as the interpreter has them."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType

from lanrage.core.stack_profile import DEPTH, Frame

Stacks = Callable[[], Mapping[int, FrameType]]
"""Thread to its innermost frame; :func:`current_stacks` or a test's own."""

_WAITS = {
    "epollreactor.py": frozenset({"doPoll"}),
    "pollreactor.py": frozenset({"doPoll"}),
    "selectreactor.py": frozenset({"doSelect", "_select"}),
    "asyncioreactor.py": frozenset({"run"}),
    "selectors.py": frozenset({"select"}),
    "threading.py": frozenset({"wait", "_wait_for_tstate_lock"}),
    "queue.py": frozenset({"get"}),
    "_threadworker.py": frozenset({"work"}),
    "threadpool.py": frozenset({"_worker", "run"}),
}
"""By file: functions in which a thread waits for work."""

_ONE_AT_A_TIME = threading.RLock()
"""Whoever comes second would find collecting switched off by the first; a signal's handler may come within either."""


@contextmanager
def nothing_collected() -> Iterator[None]:
    """No garbage is collected by any thread while frames of other threads are made and followed.

    Python before 3.11.9 (Debian 12 has 3.11.2) holds the lock of its list of threads while it makes them; what is
    collected then and needs that lock, as a ``threading.local`` does, stops the whole process for ever
    (https://github.com/python/cpython/issues/106883). And each step to a caller may make a frame: what is collected in
    it may let the other thread run on and leave the caller, which is then followed all the same.
    """
    with _ONE_AT_A_TIME:
        collects = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collects:
                gc.enable()


def current_stacks() -> Mapping[int, FrameType]:
    """Thread to its innermost frame. The frames go on running: who keeps them keeps all that they hold, and who follows
    them does so within :func:`nothing_collected`, too."""
    with nothing_collected():
        return sys._current_frames()  # pylint: disable=protected-access  # the documented way, for debuggers


def waits(frame: FrameType) -> bool:
    """Whether a thread whose innermost frame this is waits for work."""
    code = frame.f_code
    return code.co_name in _WAITS.get(code.co_filename.rpartition("/")[2], ())


def stack(frame: FrameType) -> list[CodeType]:
    """The innermost functions of a stack, the outermost of them first."""
    found: list[CodeType] = []
    each: FrameType | None = frame
    while each is not None and len(found) < DEPTH:
        found.append(each.f_code)
        each = each.f_back
    found.reverse()
    return found


def described(code: CodeType) -> Frame:
    """A function as the profile names it."""
    return Frame(code.co_qualname, code.co_filename, code.co_firstlineno)


def place(frame: FrameType) -> str:
    """``file:line function`` of what a frame executes now; the file below the folder of its package."""
    code = frame.f_code
    return f"{short(code.co_filename)}:{frame.f_lineno or 0} {code.co_qualname}"


def short(file: str) -> str:
    """A file's path without the folders above its package."""
    for folder in ("/site-packages/", "/dist-packages/"):
        if folder in file:
            return file.rpartition(folder)[2]
    parts = file.split("/")
    return "/".join(parts[parts.index("lanrage") :]) if "lanrage" in parts[:-1] else "/".join(parts[-2:])
