"""``python -m fullcycle.cli``: the command line where no script is installed."""

from fullcycle.cli import main

main()
