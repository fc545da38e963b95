"""The entry point of every child process: ``python -m fullcycle.wiring WHAT ARGUMENT…``."""

import sys

import msgspec

from fullcycle.kernel import FullcycleError
from fullcycle.wiring.serving import assess_in_this_process

CHILDREN = {"assess": assess_in_this_process}


def main(what: str, *arguments: str) -> int:
    """Do it, and print the result as JSON; an error goes to standard error, in a user's words."""
    try:
        result = CHILDREN[what](*arguments)
    except FullcycleError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.buffer.write(msgspec.json.encode(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
