"""Stacks: which frames wait, and how places are named."""

from __future__ import annotations

import gc
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.stack_profile import DEPTH
from lanrage.net.stacks import current_stacks, described, place, short, stack, waits

ROOT = Path(__file__).resolve().parents[2]

TIED = """
import gc, threading
from lanrage.net.stacks import current_stacks

class Knot:
    def __init__(self):
        self.me, self.local = self, threading.local()
        self.local.value = 1

def look():
    Knot()
    gc.set_threshold(1)
    current_stacks()
    gc.set_threshold(700)

for _ in range(100):
    look()
"""
"""Garbage that needs the list of threads when it is collected, as pyroute2's sockets do, and a collection whenever
there may be one."""


class StackTests(SynchronousTestCase):
    """Of this process."""

    def test_waiting_threads(self) -> None:
        """Threads that wait for an event or for work wait; the one that looks does not."""
        event: threading.Event = threading.Event()
        work: queue.Queue[None] = queue.Queue()
        threads = [threading.Thread(target=event.wait, args=(10.0,)), threading.Thread(target=work.get)]
        for thread in threads:
            thread.start()
        for thread in threads:
            self.addCleanup(thread.join)
        self.addCleanup(work.put, None)
        self.addCleanup(event.set)
        seen = current_stacks()
        for thread in threads:
            assert thread.ident is not None
            while not waits(current_stacks()[thread.ident]):
                pass
        self.assertFalse(waits(seen[threading.get_ident()]))

    def test_garbage(self) -> None:
        """Nothing is collected while the interpreter holds the list of threads: it would stop the process for ever."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", TIED], env=environment, timeout=30, check=False)
        self.assertEqual(0, done.returncode)

    def test_collecting_goes_on(self) -> None:
        """Garbage is collected afterwards as before: where it was, and where somebody had switched it off not."""
        self.addCleanup(gc.enable)
        for switch in (gc.disable, gc.enable):
            switch()
            before = gc.isenabled()
            current_stacks()
            self.assertEqual(before, gc.isenabled())

    def test_a_stack(self) -> None:
        """The outermost function first; of a deep one the innermost part."""

        def deep(left: int) -> list[str]:
            return deep(left - 1) if left else [code.co_name for code in stack(sys._getframe())]

        self.assertEqual(deep(2)[-4:], ["test_a_stack", "deep", "deep", "deep"])
        self.assertEqual(deep(DEPTH + 50), ["deep"] * DEPTH)

    def test_names(self) -> None:
        """A function by its definition, a place by the line that is executed."""
        frame = sys._getframe()
        self.assertEqual(described(frame.f_code).line, self.test_names.__code__.co_firstlineno)
        self.assertRegex(place(frame), r"^net/test_stacks\.py:\d+ StackTests\.test_names$")

    @given(st.lists(st.sampled_from(["usr", "home", "lib", "x"]), max_size=4).map("/".join))
    def test_short(self, folder: str) -> None:
        """Files of this program and of libraries are named from their package on, wherever they are installed."""
        self.assertEqual(short(f"/{folder}/lanrage/net/kernel.py"), "lanrage/net/kernel.py")
        self.assertEqual(short(f"/{folder}/site-packages/twisted/a.py"), "twisted/a.py")
        self.assertEqual(short(f"/{folder}/site-packages/lanrage/app/node.py"), "lanrage/app/node.py")
        self.assertEqual(short("<string>"), "<string>")
