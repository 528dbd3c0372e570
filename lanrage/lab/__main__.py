"""``python -m lanrage.lab``: the laboratory's commands without the rest of the command line."""

from lanrage.lab.cli import lab

if __name__ == "__main__":
    lab(prog_name="lanrage lab")
