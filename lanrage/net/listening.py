"""Why a port could not be opened, in one sentence."""

from __future__ import annotations

import os

from twisted.internet.error import CannotListenError


def why_not(port: int, error: CannotListenError | OSError) -> str:
    """The system's reason why UDP `port` cannot be listened on."""
    cause = error.socketError if isinstance(error, CannotListenError) else error
    code = getattr(cause, "errno", None)
    reason = os.strerror(code).lower() if isinstance(code, int) and code > 0 else str(cause)
    return f"UDP port {port} cannot be used: {reason}"
