"""QR codes of invitations and configurations: as a picture, and for a terminal."""

from __future__ import annotations

import io

import segno

from lanrage.errors import BadInput

TEXT_LIMIT = 2048
"""Bytes of a text: the largest code holds 2,331 at the error correction that it is made with."""
QUIET_ZONE = 4
"""Modules of white around the code, as ISO/IEC 18004 wants it."""


def make_qr(text: str) -> segno.QRCode:
    """The code of a text, at error correction M: 15 % of it may be dirty.

    :raises BadInput: field ``text``: it is empty, or longer than a code holds.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if not 0 < size <= TEXT_LIMIT:
        raise BadInput("text", f"must be a text of 1 to {TEXT_LIMIT} bytes")
    try:
        return segno.make_qr(text, error="M", boost_error=False)
    except (segno.DataOverflowError, UnicodeError) as error:
        raise BadInput("text", "cannot be put into a QR code") from error


def qr_svg(text: str) -> str:
    """The code as the text of an SVG picture, black on white in either theme, so that any camera reads it.

    :raises BadInput: see :func:`make_qr`.
    """
    out = io.BytesIO()
    make_qr(text).save(out, kind="svg", border=QUIET_ZONE, dark="#000", light="#fff", xmldecl=False, omitsize=True)
    return out.getvalue().decode("ascii").strip()


def qr_terminal(text: str) -> str:
    """The code for a terminal: two rows of modules a line, by half blocks; without colours, light on the terminal's
    dark ground.

    :raises BadInput: see :func:`make_qr`.
    """
    rows = [[bool(module) for module in row] for row in make_qr(text).matrix_iter(border=QUIET_ZONE)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    signs = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    lines = ("".join(signs[pair] for pair in zip(*rows[at : at + 2], strict=True)) for at in range(0, len(rows), 2))
    return "\n".join(lines) + "\n"
