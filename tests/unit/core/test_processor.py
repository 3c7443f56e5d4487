"""A process's share of the processor, and processes that let others go first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

AUTOGROUP = Path("/proc/self/autogroup")
SCRIPT = """
import os
from pathlib import Path
from core.processor import give_way
give_way(7)
print(os.nice(0), Path("/proc/self/autogroup").read_text())
"""


SHARE = """
import os
os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])
from core.processor import available_cores
print(available_cores())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not tie processes to cores")
def test_a_process_counts_the_cores_that_it_may_use_and_not_those_of_the_machine() -> None:
    said = subprocess.run([sys.executable, "-c", SHARE], capture_output=True, text=True, check=True).stdout
    assert int(said) == 1


def niceness_of(*, own_session: bool) -> tuple[int, list[str]]:
    """Of a child that gives way, and its session's line (empty where the kernel began no group for that session)."""
    command = [sys.executable, "-c", SCRIPT]
    said = subprocess.run(command, start_new_session=own_session, capture_output=True, text=True, check=True).stdout
    own, *session = said.split()
    return int(own), session


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this system does not divide the processor among sessions")
def test_a_detached_process_gives_way_with_its_session_and_no_other_does() -> None:
    before = AUTOGROUP.read_text(encoding="ascii").split()
    nice = os.nice(0)
    own, session = niceness_of(own_session=True)
    assert own == nice + 7
    assert not session or session[-1] == "7"
    assert niceness_of(own_session=False) == (nice + 7, before)
