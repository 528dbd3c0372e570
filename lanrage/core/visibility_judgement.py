"""What the doctor says of a visibility probe (:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lanrage.core.diagnosis import Check, Level, SeenFacts
from lanrage.core.visibility import SENTENCES, Stage

_LEVELS: dict[Stage, Level] = {
    Stage.CAPTURED: "failure",
    Stage.CARRIED: "warning",
    Stage.RECEIVED: "warning",
    Stage.INJECTED: "failure",
    Stage.HEARD: "failure",
}
"""How bad it is; a member that does not answer may only be of an older version."""

_ADVICE = {
    Stage.CAPTURED: "let UDP out by lanrage0, and look at the route of the party's network (ip route)",
    Stage.CARRIED: "look at that member's path: lanrage peers show NAME",
    Stage.RECEIVED: "look at that member's path, and let the doctor run there",
    Stage.INJECTED: "let the doctor run there",
    Stage.HEARD: "let the doctor run there; its firewall must let in what comes by lanrage0",
}


def judge_visibility(seen: Sequence[SeenFacts]) -> Iterator[Check]:
    """A line for each member; one for all where the datagram did not even leave."""
    stages = {stage.name.lower(): stage for stage in Stage}
    if any(stages.get(each.missing) is Stage.CAPTURED for each in seen):
        yield _missing("visibility", Stage.CAPTURED)
        return
    for each in seen:
        stage = stages.get(each.missing)
        if stage is not None:
            yield _missing(f"visibility to {each.name}", stage)
        elif each.heard_ms is not None:
            sentence = f"a game's broadcast reaches a socket there in {each.heard_ms:.1f} ms"
            yield Check(f"visibility to {each.name}", "ok", sentence)


def _missing(name: str, stage: Stage) -> Check:
    return Check(
        name, _LEVELS[stage], f"a game's broadcast is not {stage.name.lower()}: {SENTENCES[stage]}", _ADVICE[stage]
    )
