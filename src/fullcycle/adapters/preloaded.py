"""Imported last by a fork server: tells that it has loaded all that it was to load."""

import gc
import os
from pathlib import Path

MARKER = "FULLCYCLE_PRELOADED"
"""The environment variable that names the file by which it is told."""

if MARKER in os.environ:
    gc.freeze()  # what is loaded stays: workers need not look through it, and it stays shared with them
    Path(os.environ[MARKER]).touch()
