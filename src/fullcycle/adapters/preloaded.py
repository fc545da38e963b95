"""Imported last by a fork server: tells that it has loaded all that it was to load."""

import os
from pathlib import Path

MARKER = "FULLCYCLE_PRELOADED"
"""The environment variable that names the file by which it is told."""

if MARKER in os.environ:
    Path(os.environ[MARKER]).touch()
