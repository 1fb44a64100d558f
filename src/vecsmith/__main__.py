"""``python -m vecsmith`` is the command line, too."""

from vecsmith.cli import main

if __name__ == "__main__":
    main()
