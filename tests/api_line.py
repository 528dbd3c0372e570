"""A connection to the local API in memory: messages in, answers kept."""

from __future__ import annotations

from typing import Any

import attrs
from msgspec import UNSET

from lanrage.app.api_calls import Calls, Conversation
from lanrage.app.caller import Caller
from lanrage.wire.local import Answer, Call, decode_answer, encode


@attrs.define(eq=False)
class Line:
    """One connection: what came over it.

    :ivar open: watches that were not ended.
    :ivar unwanted: what came after the end, and states that came while it took none.
    """

    calls: Calls
    conversation: Conversation = attrs.field(init=False)
    answers: list[Answer] = attrs.field(factory=list)
    open: set[int] = attrs.field(factory=set)
    unwanted: list[Answer] = attrs.field(factory=list)
    number: int = 0
    lost: bool = False
    paused: bool = False

    def __attrs_post_init__(self) -> None:
        self.conversation = Conversation(self.calls, self.take, Caller(1000, lambda: None))

    def take(self, message: bytes) -> None:
        """A message came; an ended watch is closed."""
        answer = decode_answer(message)
        if self.lost or (self.paused and answer.event is not UNSET):
            self.unwanted.append(answer)
        self.answers.append(answer)
        if answer.event is UNSET and answer.id in self.open:
            self.open.discard(answer.id)

    def say(self, op: str, args: Any = None, watch: bool = False) -> int:
        """Call."""
        self.number += 1
        if watch:
            self.open.add(self.number)
        self.conversation.take(encode(Call(self.number, op, args or {}, watch=watch)))
        return self.number

    def pause(self) -> None:
        """It takes no states."""
        self.paused = True
        self.conversation.pauseProducing()

    def resume(self) -> None:
        """It takes them again."""
        self.paused = False
        self.conversation.resumeProducing()

    def states(self, number: int) -> list[Any]:
        """What a watch was told."""
        return [answer.event for answer in self.answers if answer.id == number and answer.event is not UNSET]
