"""Runs a peer's chain in the peer's own environment, beside its files; prints one JSON object.

``inside COUNT TIMES`` measures runs in one warm process, ``once COUNT`` is the whole of a process, ``plain
COUNT`` calls the functions without the peer. CPU is that of this process and of all that it started.
"""

import json
import os
import sys
from statistics import median

import work
from spending import living, own, spent


def plain(start: int, count: int):
    """The same functions, called directly."""
    value = work.first(start)
    for n in range(1, count):
        value = work.then(value, n)
    return value


def main() -> None:
    """Do what is asked."""
    mode, count = sys.argv[1], int(sys.argv[2])
    if mode == "plain":
        print(json.dumps({"result": work.plainly(plain(1, count))}))
        return
    import pipeline

    if mode == "once":
        result = work.plainly(pipeline.run(1, count))
        print("\n" + json.dumps({"cpu": own() + living(os.getpid()), "result": result}))
        return
    pipeline.run(-1, 2)  # what every run finds loaded and started
    first, again, bare = [], [], []
    for start in range(int(sys.argv[3])):
        bare.append(spent(lambda start=start: plain(start, count)))
        first.append(spent(lambda start=start: pipeline.run(start, count)))
        again.append(spent(lambda start=start: pipeline.run(start, count)))
    told = {"first": median(first) - median(bare), "again": median(again)}
    print("\n" + json.dumps(told))


if __name__ == "__main__":
    main()
