"""What the node shows of a visibility probe, in the shapes of :mod:`lanrage.app.visibility_results`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address

from lanrage.app.visibility_results import SeenShown, VisibilityShown
from lanrage.core.diagnosis import SeenFacts
from lanrage.core.exposure import PROBE_PORT
from lanrage.core.visibility import SENTENCES, Sighting, Stage, best, first_missing


def visibility(party_id: str, sightings: Sequence[Sighting], names: Mapping[IPv4Address, str]) -> VisibilityShown:
    """The members in the order of their addresses.

    :param names: of the members by party address.
    """
    awaited = sorted(frozenset().union(*(each.members for each in sightings)))
    members = [_seen(sightings, member, names.get(member, str(member))) for member in awaited]
    return VisibilityShown(party_id, PROBE_PORT, len(sightings), members)


def facts(shown: VisibilityShown) -> list[SeenFacts]:
    """For the doctor."""
    return [SeenFacts(each.name, each.missing, each.heard_ms) for each in shown.members]


def _seen(sightings: Sequence[Sighting], member: IPv4Address, name: str) -> SeenShown:
    marks = best(sightings, member)
    missing = first_missing(marks)
    captured, carried, received, injected, heard = (
        round(1000 * marks[stage], 3) if stage in marks else None for stage in Stage
    )
    word, meaning = ("", "") if missing is None else (missing.name.lower(), SENTENCES[missing])
    return SeenShown(name, str(member), captured, carried, received, injected, heard, word, meaning)
