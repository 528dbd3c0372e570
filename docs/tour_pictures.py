"""Makes the pictures of the tour anew (``make tour``); needs root, as the laboratory does.

``lanrage lab web`` drives two real nodes through their pages in a browser; of what it saw, the pictures that the tour
shows are kept, with fewer colours.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
FOLDER = DOCS / "pictures"
LANRAGE = Path(sys.executable).with_name("lanrage")
SHOWN = re.compile(r"pictures/([a-z-]+)\.png")
QUALITY = "60-90"
"""Of pngquant: what it takes away nobody sees beside the original."""


def shown() -> list[str]:
    """The names of the pictures that the tour shows."""
    return list(dict.fromkeys(SHOWN.findall((DOCS / "tour.rst").read_text(encoding="utf-8"))))


def keep(seen: Path, program: str) -> None:
    """Reduce what was seen into the folder of pictures.

    :param seen: the laboratory's folder, ``NN-NAME.png``.
    :raises SystemExit: the tour shows a picture that was not made.
    """
    made = {each.stem.partition("-")[2]: each for each in seen.glob("*.png")}
    for name in shown():
        if name not in made:
            raise SystemExit(f"the laboratory made no picture {name}: it has {', '.join(sorted(made))}")
        target = FOLDER / f"{name}.png"
        options = ["--force", "--strip", "--speed", "1", "--quality", QUALITY, "--output", str(target)]
        subprocess.run([program, *options, "--", str(made[name])], check=True)
        sys.stdout.write(f"{target.relative_to(DOCS.parent)}: {target.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    QUANTISER = shutil.which("pngquant")
    if QUANTISER is None:
        raise SystemExit("the pictures need pngquant: apt-get install pngquant")
    with tempfile.TemporaryDirectory(prefix="lanrage-tour-") as folder:
        subprocess.run([LANRAGE, "lab", "web", "--pictures", folder], check=True)
        keep(Path(folder), QUANTISER)
