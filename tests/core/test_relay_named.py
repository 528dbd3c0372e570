"""The operation that a relay's binding follows from: said by its holder, logged by the relay, of no other effect."""

from __future__ import annotations

import pytest

from lanrage.core.relay import Named, Unbind
from lanrage.core.relay_bindings import Binding
from lanrage.core.relay_client import RelayClient
from lanrage.core.relay_table import LIFETIME
from lanrage.core.tickets import pair_of
from lanrage.errors import DecodeError
from lanrage.wire.relay import decode, encode
from tests.core.relay_desk import ANNA, BEN, EVE, Desk
from tests.core.relay_world import holder, ticket, wireguard


class Names:
    """What the table tells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def named(self, binding: Binding) -> None:
        """See :class:`lanrage.core.relay_bindings.BindingWatcher`."""
        self.told.append(("bound", binding.operation))

    def ended(self, binding: Binding) -> None:
        """See :class:`lanrage.core.relay_bindings.BindingWatcher`."""
        self.told.append(("ended", binding.operation))


def watched() -> tuple[Desk, Names]:
    """A relay whose names are watched."""
    desk, names = Desk(), Names()
    desk.relay.table.names = names
    return desk, names


def test_named_once_by_its_holder_alone() -> None:
    """A second name, another's transaction, another's line: nothing; and nothing answers."""
    desk, names = watched()
    bind = desk.proof(ANNA, "anna", "ben")
    desk.say(ANNA, bind)
    assert desk.say(EVE, Named(bind.transaction, "evil")) == []
    assert desk.say(ANNA, Named(bytes(8), "evil")) == []
    assert names.told == []
    assert desk.say(ANNA, Named(bind.transaction, "join-1")) == []
    assert desk.say(ANNA, Named(bind.transaction, "other")) == []
    assert names.told == [("bound", "join-1")]
    desk.say(ANNA, Unbind(bind.transaction))
    assert names.told == [("bound", "join-1"), ("ended", "join-1")]


def test_expiry_is_told_and_no_name_is_no_line() -> None:
    """Of two ends, one of which said no name."""
    desk, names = watched()
    bind = desk.proof(ANNA, "anna", "ben")
    desk.say(ANNA, bind)
    desk.say(ANNA, Named(bind.transaction, "join-1"))
    desk.bind(BEN, "ben", "anna")
    assert desk.passes(ANNA, BEN)
    desk.relay.now += LIFETIME
    desk.relay.table.expire(desk.relay.now)
    assert names.told == [("bound", "join-1"), ("ended", "join-1")]


def test_a_client_names_its_operation_after_the_first_answers() -> None:
    """Twice, as one may be lost; a client without an operation says nothing more than before."""
    for operation, wanted in (("join-1", ["join-1", "join-1"]), ("", [])):
        desk, names = watched()
        pair = pair_of(wireguard("anna"), wireguard("ben"))
        client = RelayClient(ticket("anna", "ben"), pair, holder("anna").sign, operation)
        said: list[str] = []
        waiting = client.start(desk.relay.now)
        for _ in range(12):
            answers = [answer for message in waiting for _, answer in desk.say(ANNA, message)]
            waiting = [after for answer in answers for after in client.receive(answer, desk.relay.now)]
            said += [message.operation for message in waiting if isinstance(message, Named)]
            if not waiting:
                desk.relay.now += 5
                waiting = client.tick(desk.relay.now)
        assert client.bound
        assert said == wanted
        assert names.told == [("bound", word) for word in wanted[:1]]


@pytest.mark.parametrize("name", [b"", b"a" * 33, b"a\n", b"a b", b"\xc3\xa9", b"a\x1b[0m", b'{"a"'])
def test_no_name_can_write_into_a_log(name: bytes) -> None:
    """Letters, digits and hyphens alone, 1 to 32: nothing that a log or a terminal obeys."""
    with pytest.raises(DecodeError):
        decode(b"LRRL\x01\x09" + bytes(8) + name)
    with pytest.raises(ValueError, match="operation"):
        encode(Named(bytes(8), name.decode("utf-8")))


def test_the_bytes() -> None:
    """As the documentation has them."""
    assert encode(Named(b"12345678", "ab-1")) == b"LRRL\x01\x0912345678ab-1"
