"""Listening where an endpoint string says, with errors that name the option."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from lanrage.errors import BadInput


async def listen_at(reactor: Any, listen: str, factory: IProtocolFactory, field: str, example: str) -> IListeningPort:
    """Listen.

    :param listen: a Twisted endpoint string.
    :param field: the option that it came by.
    :param example: of what it may be.
    :raises BadInput: names `field`: no endpoint, or the port is taken.
    """
    try:
        endpoint = serverFromString(reactor, listen)
    except (ValueError, TypeError) as error:
        raise BadInput(field, f"{listen!r} is no endpoint such as {example}") from error
    except (IndexError, KeyError, AttributeError) as error:
        raise BadInput(field, f"{listen!r}: systemd has handed over no such socket") from error
    except Exception as error:  # OpenSSL's own, for the files of ssl:  # pylint: disable=broad-exception-caught
        raise BadInput(field, f"{listen!r} cannot be used: {error}") from error
    try:
        port: IListeningPort = await endpoint.listen(factory)
    except CannotListenError as error:
        code = getattr(error.socketError, "errno", None)
        reason = os.strerror(code) if isinstance(code, int) and code > 0 else str(error.socketError)
        raise BadInput(field, f"port {error.port} cannot be used: {reason.lower()}") from error
    except OSError as error:
        raise BadInput(field, f"{listen!r} cannot be used: {(error.strerror or str(error)).lower()}") from error
    return port
