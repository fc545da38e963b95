"""The entry point of every child process: ``python -m fullcycle.wiring WHAT ARGUMENT…``."""

import gc
import sys
from importlib import import_module

import msgspec

from fullcycle.kernel import FullcycleError

CHILDREN = {  # each is imported where it is asked for: what a service holds in memory is measured here
    "assess": ("fullcycle.wiring.serving", "assess_in_this_process"),
    "fits": ("fullcycle.wiring.serving", "require_fit"),
    "help": ("fullcycle.wiring.serving", "help_in_this_process"),
    "replay": ("fullcycle.wiring.replaying", "replay_in_this_process"),
    "worker": ("fullcycle.wiring.serving", "answer_in_this_process"),
}


def main(what: str, *arguments: str) -> int:
    """Do it, and print the result as JSON; an error goes to standard error, in a user's words."""
    module, function = CHILDREN[what]
    gc.disable()  # what is imported stays: nothing in it is garbage, and looking for it takes time
    found = import_module(module)
    gc.freeze()
    gc.enable()
    try:
        result = getattr(found, function)(*arguments)
    except FullcycleError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.buffer.write(msgspec.json.encode(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
