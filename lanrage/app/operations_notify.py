"""The operations on notifications, for the table in :mod:`lanrage.app.operations` (``docs/notifications.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from zope.interface import Interface

from lanrage.app.operation import Nothing, Operation, Request
from lanrage.app.results import Result
from lanrage.core.notice_targets import TARGETS_LIMIT

# Interface methods have no self and no body.
# pylint: disable=no-self-argument,no-method-argument


class TestTargets(Request, frozen=True):
    """Arguments of ``notify.test``."""

    __test__ = False  # pytest takes names that begin like this for its own

    target: Annotated[
        int, Meta(ge=0, le=2 * TARGETS_LIMIT, description="number of the target, as notify.list shows it; 0: all")
    ] = 0


class TargetShown(msgspec.Struct, frozen=True):
    """A target, without what is secret of it.

    :param number: from 1.
    :param host: of its address, which itself is a secret.
    :param events: that it is told of.
    """

    number: int
    kind: str
    host: str
    events: list[str]


class TargetsShown(Result, frozen=True):
    """Who is told of what."""

    targets: list[TargetShown]


class TargetState(msgspec.Struct, frozen=True):
    """How a target does.

    :param state: ``idle``, ``gathering``, ``sending``, ``waiting`` (for a time that it asked for, or after a failure)
        or ``refused`` (it takes none; tried again after a quarter of an hour).
    :param waiting: notices that wait.
    :param posts: messages that it took.
    :param failures: tries that failed.
    :param dropped: notices that were not sent.
    :param trouble: why the last try failed; empty when it did not.
    """

    number: int
    kind: str
    host: str
    state: str
    waiting: int
    posts: int
    failures: int
    dropped: int
    trouble: str


class TargetStates(Result, frozen=True):
    """How the targets do."""

    targets: list[TargetState]


class TargetTested(msgspec.Struct, frozen=True):
    """What a target said to a test.

    :param trouble: empty where it took it.
    """

    number: int
    kind: str
    host: str
    taken: bool
    trouble: str


class TargetsTested(Result, frozen=True):
    """What the targets said."""

    targets: list[TargetTested]


class INotifyNode(Interface):
    """What a process does for those who are told of it; see :class:`lanrage.app.operations.INode`."""

    def test_targets(*, target: int) -> Awaitable[dict[str, Any]]:
        """Send a test and wait for the answers; the result is a :class:`TargetsTested`.

        :raises BadInput: field ``target``: there is no such one.
        """

    def list_targets() -> Awaitable[dict[str, Any]]:
        """Who is told of what; the result is a :class:`TargetsShown`."""

    def show_target_states() -> Awaitable[dict[str, Any]]:
        """How each does; the result is a :class:`TargetStates`."""


NOTIFY = (
    Operation(
        "notify.test",
        TestTargets,
        TargetsTested,
        "test_targets",
        "Send a test to those who are told of the party, games and alerts, and show what they say.",
        "lanrage notify test",
    ),
    Operation(
        "notify.list",
        Nothing,
        TargetsShown,
        "list_targets",
        "Show who is told of what; addresses are secret, and shown by their host alone.",
        "lanrage notify list",
        reads=True,
    ),
    Operation(
        "notify.status",
        Nothing,
        TargetStates,
        "show_target_states",
        "Show how those who are told do: what waits, what was sent, what failed.",
        "lanrage notify status",
        reads=True,
    ),
)
"""``lanrage notify ...`` (``docs/cli.rst``)."""
