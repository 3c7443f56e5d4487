"""The first thing that a process imports from which workers are forked: one core is a worker's.

The libraries that compute read this when they are loaded, and some begin their threads then.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
