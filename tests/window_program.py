"""A program with one X11 window: ``python -m tests.window_program TITLE CLASS``; a line on its input renames it."""

from __future__ import annotations

import os
import socket
import sys

from Xlib import X, Xatom
from Xlib.display import Display


def main(title: str, kind: str) -> None:
    """Show the window, say so, and rename it for each line that comes; the end of the input closes it."""
    display = Display()
    screen = display.screen()
    window = screen.root.create_window(0, 0, 64, 48, 0, screen.root_depth, X.InputOutput)
    utf8, name = display.get_atom("UTF8_STRING"), display.get_atom("_NET_WM_NAME")

    def rename(text: str) -> None:
        window.change_property(name, utf8, 8, text.encode())

    rename(title)
    window.set_wm_class(kind.lower(), kind)
    window.change_property(display.get_atom("_NET_WM_PID"), Xatom.CARDINAL, 32, [os.getpid()])
    window.set_wm_client_machine(socket.gethostname())
    window.map()
    display.sync()
    print(window.id, flush=True)
    for line in sys.stdin:
        rename(line.strip())
        display.sync()
    window.destroy()
    display.close()


if __name__ == "__main__":
    main(*sys.argv[1:3])
