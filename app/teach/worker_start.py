"""Starts the process that teaches. It belongs to nobody, so that it can outlive the window."""

from __future__ import annotations

import os

from PySide6.QtCore import QProcess

from app.engine_client import child_environment
from core.teach_job import Job, worker_command


def start_worker(job: Job) -> bool:
    """Whether the system could start it; what it does is told by the job's folder."""
    program, *arguments = worker_command(job, os.getpid())
    process = QProcess()
    process.setProgram(program)
    process.setArguments(arguments)
    process.setProcessEnvironment(child_environment())
    process.setWorkingDirectory(str(job.folder))
    process.setStandardInputFile(QProcess.nullDevice())
    process.setStandardOutputFile(str(job.log), QProcess.OpenModeFlag.Append)
    process.setStandardErrorFile(str(job.log), QProcess.OpenModeFlag.Append)
    return bool(process.startDetached())
