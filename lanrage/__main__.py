"""``python -m lanrage`` is the command line ``lanrage``."""

from lanrage.app.cli import main

if __name__ == "__main__":
    main()
