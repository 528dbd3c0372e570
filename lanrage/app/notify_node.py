"""The operations on notifications, as one part of what is asked (``docs/notifications.rst``)."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.metering import Metering
from lanrage.app.notices import Notices
from lanrage.app.operations_notify import (
    TargetShown,
    TargetsShown,
    TargetState,
    TargetStates,
    TargetsTested,
    TargetTested,
)
from lanrage.errors import BadInput


class NotifyNode:
    """Part of :class:`lanrage.app.node.NodeService` and :class:`lanrage.app.machine_room.MachineRoom`."""

    _reactor: Any

    def _metered(self) -> Metering:
        raise AssertionError("given by what measures")

    async def test_targets(self, *, target: int) -> dict[str, Any]:
        """See :meth:`INotifyNode.test_targets`."""
        notices = self._notices()
        if target > len(notices.outlets):
            raise BadInput("target", f"is none of the {len(notices.outlets)} that lanrage notify list shows")
        first = target or 1
        told = await notices.test(target)
        shown = [
            TargetTested(first + place, each.target.kind.value, each.target.host, not each.why, each.why)
            for place, each in enumerate(told)
        ]
        return _plain(TargetsTested(shown))

    async def list_targets(self) -> dict[str, Any]:
        """See :meth:`INotifyNode.list_targets`."""
        targets = [each.target for each in self._notices().outlets]
        return _plain(
            TargetsShown(
                [
                    TargetShown(number, each.kind.value, each.host, sorted(kind.value for kind in each.events))
                    for number, each in enumerate(targets, 1)
                ]
            )
        )

    async def show_target_states(self) -> dict[str, Any]:
        """See :meth:`INotifyNode.show_target_states`."""
        now, states = self._reactor.seconds(), []
        for number, outlet in enumerate(self._notices().outlets, 1):
            queue, target = outlet.queue, outlet.target
            counted = (len(queue), queue.posts, queue.failures, queue.dropped, queue.why)
            states.append(TargetState(number, target.kind.value, target.host, queue.state(now), *counted))
        return _plain(TargetStates(states))

    def _notices(self) -> Notices:
        return self._metered().notices


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
