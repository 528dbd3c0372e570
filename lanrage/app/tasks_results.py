"""The shape of what ``tasks`` gives back (``docs/api.rst``)."""

from __future__ import annotations

from lanrage.app.results import Result


class TaskShown(Result, frozen=True):
    """One step.

    :param state: ``waiting``, ``running``, ``ending``, ``paused``, ``done``, ``failed``, ``skipped`` or ``cancelled``.
    :param priority: ``critical``, ``high``, ``normal``, ``low`` or ``background``.
    :param attempt: which one runs or ran last; 0 when it never began.
    :param seconds: that the last attempt took, or takes so far; null when it never began.
    :param reason: why it failed, waits for another attempt, was skipped or cancelled; empty otherwise.
    :param undone: it was done, and was taken back.
    """

    name: str
    state: str
    priority: str
    needs: list[str]
    group: str
    optional: bool
    attempt: int
    seconds: float | None
    reason: str
    undone: bool


class PlanShown(Result, frozen=True):
    """One plan.

    :param state: ``running``, ``done`` or ``failed``.
    :param ago_s: when it began.
    :param seconds: that it took, or takes so far.
    """

    title: str
    state: str
    ago_s: float
    seconds: float
    tasks: list[TaskShown]


class TasksShown(Result, frozen=True):
    """All plans that are known, the oldest first."""

    plans: list[PlanShown]
