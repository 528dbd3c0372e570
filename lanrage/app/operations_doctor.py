"""The operations of the doctor, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from msgspec import Meta
from zope.interface import Interface

from lanrage.app.doctor_results import Doctored
from lanrage.app.operation import Nothing, Operation, Request
from lanrage.app.results import Diagnosed
from lanrage.core.certificates import NAME_LIMIT


class Doctor(Request, frozen=True):
    """Arguments of ``doctor``."""

    member: Annotated[
        str, Meta(max_length=NAME_LIMIT, description="the name of another member, or empty for all members")
    ] = ""
    addresses: Annotated[
        bool, Meta(description="true or false: addresses, host and login names and home folders are shown")
    ] = False


class IDoctorNode(Interface):
    """What a node tells of its health; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def diagnose() -> Awaitable[dict[str, Any]]:
        """The facts for the doctor: :class:`lanrage.core.diagnosis.NodeFacts` as plain values."""

    def doctor(
        *, member: str, addresses: bool, progress: Callable[[str], None] | None = None
    ) -> Awaitable[dict[str, Any]]:
        """Judge the facts; the result is a :class:`Doctored`.

        :param member: whom it shall be about; empty = all.
        :param addresses: IP addresses, host and login names and home folders are shown, else replaced.
        :raises BadInput: field ``member``: nobody has that name.
        """


DOCTOR = (
    Operation(
        "diagnose",
        Nothing,
        Diagnosed,
        "diagnose",
        "Give the facts that the doctor judges.",
        "lanrage doctor --json",
    ),
    Operation(
        "doctor",
        Doctor,
        Doctored,
        "doctor",
        "Check this machine, the node and the way of a game's broadcast to each member; safe to paste.",
        "lanrage doctor Ben",
        long=True,
    ),
)
"""The doctor (``docs/doctor.rst``)."""
