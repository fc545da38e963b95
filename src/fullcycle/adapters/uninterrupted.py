"""Imported first by a fork server: Ctrl-C is for the run's own process, which ends its fork server.

While it loads, a fork server would take the same signal as its terminal's other processes, and
show the traceback of whatever import it was at. It imports no module of ours: what is told once all
is loaded, ``preloaded``, would come first with it. The collector rests meanwhile: what is loaded stays.
"""

import gc
import os
import signal

MARKER = "FULLCYCLE_PRELOADED"
"""The environment variable that names the file by which a fork server tells that it has loaded all."""

if MARKER in os.environ:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
