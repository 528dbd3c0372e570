"""Logs: one stream of events, written as JSON or as plain lines, with the context on every line (``docs/logging.rst``).

``get_logger`` gives what code logs with, ``configure_logging`` decides where it goes; the context is
:mod:`lanrage.log_context`'s.
"""

from __future__ import annotations

from lanrage.log_context import clear_context, get_context, set_context
from lanrage.logs.configure import RING, configure_logging, get_logger, identify, keep_secret, set_level
from lanrage.logs.formatter import StructuredFormatter
from lanrage.logs.stream import LogStream

__all__ = [
    "RING",
    "LogStream",
    "StructuredFormatter",
    "clear_context",
    "configure_logging",
    "get_context",
    "get_logger",
    "identify",
    "keep_secret",
    "set_context",
    "set_level",
]
