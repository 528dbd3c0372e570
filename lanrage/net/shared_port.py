"""UDP sockets on one port, one for any address and others for certain ones: the closest gets a datagram."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import ip_address
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import DatagramProtocol


def check_free(host: str, port: int) -> None:
    """Find out whether a port can be had alone: sockets that share it would not notice each other.

    :param host: address of this machine; empty = any.
    :raises CannotListenError: with the system's reason.
    """
    with contextlib.closing(_socket(host)) as trial:
        _bind(trial, host, port)


def listen_shared(reactor: Any, host: str, port: int, protocol: DatagramProtocol) -> IListeningPort:
    """Listen beside others of this user that share the port likewise (``SO_REUSEPORT``, socket(7)).

    :param host: address of this machine; empty = any that no other socket is bound to.
    :raises CannotListenError: with the system's reason.
    """
    with contextlib.closing(_socket(host)) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.setblocking(False)
        _bind(made, host, port)
        listening: IListeningPort = reactor.adoptDatagramPort(made.fileno(), made.family, protocol)
        return listening


def _socket(host: str) -> socket.socket:
    family = socket.AF_INET6 if host and ip_address(host).version == 6 else socket.AF_INET
    return socket.socket(family, socket.SOCK_DGRAM)


def _bind(made: socket.socket, host: str, port: int) -> None:
    try:
        made.bind((host, port))
    except OSError as error:
        raise CannotListenError(host, port, error) from error
