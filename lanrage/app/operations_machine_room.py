"""The operations by which one looks after a node, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from zope.interface import Interface

from lanrage.app.operation import Operation


class IMachineRoom(Interface):
    """What a node offers to its operator; see :class:`lanrage.app.operations.INode`."""


MACHINE_ROOM: tuple[Operation, ...] = ()
