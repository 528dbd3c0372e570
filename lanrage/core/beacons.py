"""Announcements of which a small field changes in a known way, so that a receiver can repeat them all the same.

An announcement with any other changing field is never twice the same, so it is not leased but carried. Known are:

- melonDS (UDP 7063, each second): ``LAND``, u32 version, u32 tick, name, players. The tick is the host's clock in
  milliseconds; a listener takes no beacon whose tick is not above the last one's (melonDS, ``src/net/LAN.cpp``).
- Warcraft III (UDP 6112): the game's description, F7 30, as hosts broadcast it that are no Warcraft III; four bytes of
  it, six before the end, are the seconds since the game was opened (gowarcraft3, ``protocol/w3gs/packets.go``). The
  refresh, F7 32, has no field that changes by itself; F7 33 says that the game is closed.

Of the other formats that announce by themselves none is known to have such a field: Minecraft, Zandronum, DXX-Rebirth,
Age of Empires II DE, Command & Conquer Generals (its CRC covers a message that stays the same), Torchlight II.
"""

from __future__ import annotations

import attrs

from lanrage.core.lan_frames import Frame, Udp

U32 = 1 << 32


@attrs.frozen
class ClockField:
    """A little-endian u32 that counts time.

    :param port: destination port of the announcement.
    :param prefix: what the payload begins with.
    :param offset: of the field; negative from the payload's end.
    :param rate: how much it grows in a second.
    """

    port: int
    prefix: bytes
    offset: int
    rate: float

    def place(self, payload: bytes) -> slice | None:
        """Where it stands in this payload; ``None`` where that is another format, or too short."""
        start = self.offset if self.offset >= 0 else len(payload) + self.offset
        if not payload.startswith(self.prefix) or not len(self.prefix) <= start <= len(payload) - 4:
            return None
        return slice(start, start + 4)


CLOCK_FIELDS = (
    ClockField(7063, b"LAND", 8, 1000.0),
    ClockField(6112, b"\xf7\x30", -6, 1.0),
)

ENDINGS = ((6112, b"\xf7\x33"),)
"""Destination port and prefix of datagrams that say that what was announced from their port is over."""

FIELD_SLACK = 1.5
"""Units and, by the rate, seconds/10 that a field may be off what the time says: rounding, and the jitter of a beat."""


def template(frame: Frame) -> Frame:
    """What stays the same of an announcement: its known changing field is 0."""
    found = _field(frame)
    if found is None:
        return frame
    return _with(frame, found[1], 0)


def later(frame: Frame, seconds: float) -> Frame:
    """The announcement as it is so many seconds after this one."""
    found = _field(frame)
    if found is None:
        return frame
    field, place, value = found
    return _with(frame, place, (value + int(seconds * field.rate)) % U32)


def follows(before: Frame, frame: Frame, seconds: float) -> bool:
    """Whether this one's field is what the time since the one before makes of it.

    :param before: an announcement with the same template.
    """
    first, second = _field(before), _field(frame)
    if first is None or second is None:
        return True
    off = (second[2] - first[2] - seconds * first[0].rate + U32 / 2) % U32 - U32 / 2
    return abs(off) <= FIELD_SLACK * max(1.0, first[0].rate / 10)


def ends(frame: Frame) -> bool:
    """Whether this says that the game is over that was announced from the same port."""
    content = frame.content
    return isinstance(content, Udp) and any(
        content.destination_port == port and content.payload.startswith(prefix) for port, prefix in ENDINGS
    )


def _field(frame: Frame) -> tuple[ClockField, slice, int] | None:
    content = frame.content
    if not isinstance(content, Udp):
        return None
    for field in CLOCK_FIELDS:
        if field.port == content.destination_port:
            place = field.place(content.payload)
            if place is not None:
                return field, place, int.from_bytes(content.payload[place], "little")
    return None


def _with(frame: Frame, place: slice, value: int) -> Frame:
    content = frame.content
    assert isinstance(content, Udp)  # _field found it there
    payload = content.payload[: place.start] + value.to_bytes(4, "little") + content.payload[place.stop :]
    return attrs.evolve(frame, content=attrs.evolve(content, payload=payload))
