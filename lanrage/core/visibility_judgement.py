"""What the doctor says of a visibility probe (:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lanrage.core.diagnosis import Check, SeenFacts
from lanrage.core.doctor_faults import fine, found
from lanrage.core.visibility import SENTENCES, Stage


def judge_visibility(seen: Sequence[SeenFacts]) -> Iterator[Check]:
    """A line for each member; one for all where the datagram did not even leave."""
    stages = {stage.name.lower(): stage for stage in Stage}
    if any(stages.get(each.missing) is Stage.CAPTURED for each in seen):
        yield _missing("", Stage.CAPTURED)
        return
    for each in seen:
        stage = stages.get(each.missing)
        if stage is not None:
            yield _missing(each.name, stage)
        elif each.heard_ms is not None:
            sentence = f"a game's broadcast reaches a socket there in {each.heard_ms:.1f} ms"
            yield fine("visibility", sentence, member=each.name)


def _missing(member: str, stage: Stage) -> Check:
    word = stage.name.lower()
    return found(f"broadcast_not_{word}", f"a game's broadcast is not {word}: {SENTENCES[stage]}", member=member)
