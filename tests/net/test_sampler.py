"""The sampling profiler: what it makes of a sample, and that it leaves nothing behind."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from twisted.trial.unittest import SynchronousTestCase

from lanrage.errors import Refused
from lanrage.net.sampler import Sampler
from tests.planted import minor_work, planted_hotspot

HERE = __file__


def frame_here() -> FrameType:
    """The caller's frame."""
    return sys._getframe(1)


class LookTests(SynchronousTestCase):
    """Samples that a test takes itself."""

    def setUp(self) -> None:
        """Time that a test gives; threads that it names."""
        self.now = 10.0
        self.threads: dict[int, FrameType] = {}
        self.collecting: list[bool] = []
        self.sampler = Sampler(stacks=self.stacks, clock=lambda: self.now)
        self.sampler.start(1)
        self.addCleanup(self.sampler.stop)

    def stacks(self) -> dict[int, FrameType]:
        """The threads, and whether garbage might be collected while they are looked at."""
        self.collecting.append(gc.isenabled())
        return self.threads

    def look(self, seconds: float, frame: FrameType | None) -> None:
        """A signal comes after so long."""
        self.now += seconds
        self.sampler.look(signal.SIGPROF, frame)

    def test_weight(self) -> None:
        """A sample stands for the time since the last one, at the function that was interrupted."""
        self.look(0.5, frame_here())
        self.look(0.25, frame_here())
        [spot] = self.sampler.hotspots()
        self.assertEqual((spot.frame.function, spot.frame.file), ("LookTests.test_weight", HERE))
        self.assertEqual((spot.seconds, self.sampler.seconds, self.sampler.samples), (0.75, 0.75, 2))
        frames, [(stack, seconds)] = self.sampler.stacks()
        self.assertEqual((frames[stack[-1]], seconds), (spot.frame, 0.75))
        self.assertGreater(len(stack), 5)

    def test_nothing_is_collected(self) -> None:
        """While frames are followed, which other threads may leave; afterwards it is again."""
        self.look(0.5, frame_here())
        self.look(0.5, waiting_frame())
        self.assertEqual((set(self.collecting), gc.isenabled()), ({False}, True))

    def test_others(self) -> None:
        """While the main thread waits, the time is that of each thread that does not."""
        release, ready = threading.Event(), threading.Event()
        frames: list[FrameType] = []

        def busy() -> None:
            frames.append(frame_here())
            ready.set()
            release.wait(10.0)

        worker = threading.Thread(target=busy)
        worker.start()
        self.addCleanup(worker.join)
        self.addCleanup(release.set)
        ready.wait(10.0)
        waiting = waiting_frame()
        self.threads = {1: frames[0], 2: frames[0], 3: waiting}
        self.look(0.5, waiting)
        self.assertEqual((self.sampler.hotspots(), self.sampler.waiting), ([], 0.5))
        [spot] = self.sampler.hotspots(others=True)
        self.assertEqual((spot.frame.function.rpartition(".")[2], spot.seconds), ("busy", 1.0))

    def test_an_error_stays_inside(self) -> None:
        """What goes wrong in the handler does not come out of the function that was interrupted, and is counted."""
        self.threads = None  # type: ignore[assignment]
        self.look(0.5, waiting_frame())
        self.look(0.5, None)
        self.assertEqual((self.sampler.failed, self.sampler.samples), (1, 0))
        self.look(0.5, frame_here())
        self.assertEqual(self.sampler.samples, 1)

    def test_off(self) -> None:
        """A signal that comes late changes nothing."""
        self.sampler.stop()
        self.look(0.5, frame_here())
        self.assertEqual((self.sampler.samples, self.sampler.hotspots()), (0, []))

    def test_reset(self) -> None:
        """After a reset it has seen nothing, and goes on."""
        self.look(0.5, frame_here())
        self.now += 5.0
        self.sampler.reset()
        self.look(0.25, frame_here())
        self.assertEqual([(spot.seconds) for spot in self.sampler.hotspots()], [0.25])


class TimerTests(SynchronousTestCase):
    """With the kernel's timer."""

    def setUp(self) -> None:
        self.sampler = Sampler()
        self.addCleanup(self.sampler.stop)

    def test_the_hotspot_is_first(self) -> None:
        """Work of half a millisecond at a time is found, and has about the share that it has."""
        self.sampler.start(250)
        spent, began = 0.0, time.perf_counter()
        while time.perf_counter() - began < 0.4:
            before = time.perf_counter()
            planted_hotspot()
            spent += time.perf_counter() - before
            minor_work()
        self.sampler.stop()
        first = self.sampler.hotspots()[0]
        self.assertEqual(first.frame.function, "planted_hotspot")
        self.assertTrue(0.6 * spent < first.seconds < 1.4 * spent, (spent, first.seconds))

    def test_nothing_is_left(self) -> None:
        """After it there is no timer, and a late signal does not end the process."""
        self.sampler.start(100)
        signal.raise_signal(signal.SIGPROF)
        self.assertGreater(self.sampler.samples, 0)
        self.sampler.stop()
        samples = self.sampler.samples
        signal.raise_signal(signal.SIGPROF)
        self.assertEqual((self.sampler.samples, Path("/proc/self/timers").read_text(encoding="ascii")), (samples, ""))

    def test_refused(self) -> None:
        """Two samplers have not room in one process, and a thread cannot begin one."""
        self.sampler.start(100)
        self.assertEqual(self.assertRaises(Refused, Sampler().start, 100).code, "profiler_busy")
        self.sampler.stop()
        errors: list[BaseException] = []

        def start() -> None:
            try:
                self.sampler.start(100)
            except Refused as error:
                errors.append(error)

        thread = threading.Thread(target=start)
        thread.start()
        thread.join()
        self.assertEqual((len(errors), self.sampler.running), (1, False))


def waiting_frame() -> FrameType:
    """A frame that waits for work, as a reactor's does."""
    namespace: dict[str, FrameType] = {}
    code = compile(
        "import sys\ndef doPoll():\n    return sys._getframe()\nframe = doPoll()\n", "x/epollreactor.py", "exec"
    )
    exec(code, namespace)  # the file's name is what matters  # pylint: disable=exec-used
    return namespace["frame"]
