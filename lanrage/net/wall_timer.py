"""A timer of the kernel that sends this process a signal (timer_create(2)), for which Python has no module.

``setitimer`` would not do: its processor-time timers are looked at in the kernel's tick alone, so that work of less
than a tick at a time, started by timers, may never meet one; its timer of real time belongs to ``alarm``.
"""

from __future__ import annotations

import ctypes
import os
import time

SIGEV_SIGNAL = 0
"""<bits/sigevent-consts.h>: tell by a signal."""


class _Event(ctypes.Structure):
    """``struct sigevent``: 64 bytes on every 64-bit Linux (<asm-generic/siginfo.h>)."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_byte * 48),
    )


class _Time(ctypes.Structure):
    """``struct timespec``."""

    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Interval(ctypes.Structure):
    """``struct itimerspec``."""

    _fields_ = (("interval", _Time), ("first", _Time))


class WallTimer:
    """Sends a signal when it is told to, until it is closed; it counts while the machine is awake.

    :param signal: number of the signal.
    :raises OSError: the kernel has no room for it.
    """

    def __init__(self, signal: int) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._timer = ctypes.c_void_p()  # glibc puts a number into it, and 0 is one
        event = _Event(signal=signal, notify=SIGEV_SIGNAL)
        self._check(self._library.timer_create(time.CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(self._timer)))
        self._open = True

    def arm(self, seconds: float) -> None:
        """Send the signal once, so many seconds from now; what was wished before is void. None where it is closed.

        :raises OSError: for a time that is none.
        """
        if self._open:
            whole, rest = divmod(seconds, 1.0)
            setting = _Interval(_Time(0, 0), _Time(int(whole), max(1, int(rest * 1e9))))
            self._check(self._library.timer_settime(self._timer, 0, ctypes.byref(setting), None))

    def close(self) -> None:
        """No signal is sent any more; one may still be on its way."""
        if self._open:
            self._open = False
            self._library.timer_delete(self._timer)

    @staticmethod
    def _check(result: int) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
