"""Imported first by a fork server: Ctrl-C is for the run's own process, which ends its fork server.

While it loads, a fork server would take the same signal as its terminal's other processes, and
show the traceback of whatever import it was at.
"""

import os
import signal

from fullcycle.adapters.preloaded import MARKER

if MARKER in os.environ:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
