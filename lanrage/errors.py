"""One tree of errors. The message is what the user reads: one sentence that names the field and the rule."""

from __future__ import annotations


class LanrageError(Exception):
    """Root of all errors that LANrage raises on purpose.

    :cvar code: a stable machine-readable word, also sent over the wire and printed by ``--json``.
    """

    code = "error"


class BadInput(LanrageError):
    """A value given by a user, a file or a peer breaks a rule.

    :param field: what the value was given for, for example ``name`` or ``code``.
    :param rule: the broken rule, as a clause that completes "FIELD: RULE".
    """

    code = "bad_input"

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class DecodeError(LanrageError):
    """Bytes that are no message of the protocol they came by."""

    code = "decode"


class CryptoError(LanrageError):
    """A signature, MAC or key does not prove what it should."""

    code = "crypto"


class Refused(LanrageError):
    """The control server, or a node's own rule, refused an operation; ``code`` says why in one word.

    :param code: one of the words in :data:`REFUSALS`.
    :param message: one sentence for the user.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ComeBack(Refused):
    """The control server is about to restart and asks to be dialled again later.

    :param message: one sentence for the user.
    :param seconds: after which it may be dialled.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__("restarting", message)
        self.seconds = seconds


class MissingRight(LanrageError):
    """The process lacks a privilege or the machine a program; the message says how to grant or install it."""

    code = "missing_right"


class Unreachable(LanrageError):
    """A server or node could not be reached in time; the message names it."""

    code = "unreachable"


class Unanswered(LanrageError):
    """A game server did not answer its own protocol's question, or not in its form; the message names it."""

    code = "unanswered"


class VersionMismatch(LanrageError):
    """The other side speaks another protocol version."""

    code = "version_mismatch"


class StoreError(LanrageError):
    """State on disk is damaged or cannot be written; the message names the file."""

    code = "store"


REFUSALS: dict[str, str] = {
    "unknown_invitation": "no such invitation at this control server",
    "invitation_expired": "the invitation has expired",
    "invitation_used_up": "the invitation has been used as often as it allows",
    "party_full": "the party has as many members as it allows",
    "name_taken": "another member of the party has this name",
    "unknown_party": "no such party at this control server",
    "not_a_member": "only members of the party may do this",
    "already_in_party": "this node is in a party already",
    "profiler_busy": "a profiler is at work already",
    "not_in_party": "this node is in no party",
    "bad_certificate": "the certificate does not prove membership",
    "subnet_clash": "the party's subnet overlaps with a network of this machine",
    "unknown_peer": "no such member in this party",
    "no_relay": "this control server knows no relay",
    "limit": "a limit of this control server is reached",
    "party_exists": "a party of this key exists already",
    "conflict": "another change of the party came first",
    "not_allowed": "your role in the party does not allow this",
    "no_change": "that is so already",
    "too_early": "it is too early for this",
    "bad_record": "the record does not fit the party's ledger",
    "banned": "this node is banned from the party",
    "revoked": "this node was thrown out of the party",
    "invitation_void": "the invitation is void: ask for a new one",
    "node_running": "a process of LANrage is at work in this folder already",
    "other_role": "this process runs another role, which does no such thing",
    "room_taken": "another game runs in a room of this party",
    "registration_closed": "this control server takes no new parties",
    "bad_token": "this control server takes new parties by a registration token alone, and this is not it",
    "server_ban": "this control server has banned this node or its address",
    "no_such_code": "no such spoken code at this control server",
    "wrong_code": "the spoken code does not fit, or somebody stands between you and who made it: ask for a new one",
    "code_burnt": "the spoken code was tried already, and counts once: ask for a new one",
    "code_expired": "the spoken code has expired: ask for a new one",
    "inviter_offline": "the node that made the spoken code is not connected any more: ask for a new one",
    "not_metered": "this node does not measure itself",
    "unguarded": "this needs the party firewall, which does not stand",
    "bad_guest": "the guest does not fit the party",
    "guest_taken": "another guest or member has this name, key or address",
    "answer_too_large": "the operation was carried out, but its answer is over 1 MiB: ask for less",
    "wrong_login": "the code of a link to the page is wrong, was used, or is too old: ask for a new link",
    "web_off": "this node serves no page",
    "busy": "too many operations of one client are under way",
}
"""Every refusal's word and its meaning."""
