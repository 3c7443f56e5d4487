"""Disks that fail: real file systems in a file or in memory, which only root may mount."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SHUT_DOWN = 0x8004587D  # ext4's and xfs' ioctl: from then on every access is an I/O error
WITHOUT_LOG = struct.pack("I", 2)  # what is not written yet stays unwritten, as when a plug is pulled


class Disk:
    """A small ext4 file system in a file."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.image, self.folder = image, folder

    def mount(self) -> None:
        done = subprocess.run(
            ["mount", "-o", "loop,errors=remount-ro", self.image, self.folder], capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")

    def unmount(self) -> None:
        """It is not there any more; who has a file of it open can go on writing into it."""
        subprocess.run(["umount", "-l", self.folder], check=True)

    def fill(self) -> Path:
        """No byte is left; the file that takes up the room."""
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as stream:
            for size in (65_536, 512):
                try:
                    while stream.write(bytes(size)):
                        pass
                except OSError:
                    continue
        return filler

    def become_read_only(self) -> None:
        """As Linux does with a disk on which it found an error."""
        device = Path(f"/sys/dev/block/{os.major(self._number)}:{os.minor(self._number)}").resolve().name
        switch = Path("/sys/fs/ext4") / device / "trigger_fs_error"
        if not switch.exists():
            pytest.skip("this kernel does not let a disk fail on demand")
        switch.write_text("test", encoding="ascii")

    def die(self) -> None:
        """Nothing can be read or written that is not in memory already."""
        import fcntl

        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUT_DOWN, WITHOUT_LOG)
        except OSError as error:
            pytest.skip(f"this kernel does not let a disk die on demand: {error}")
        finally:
            os.close(folder)

    @property
    def _number(self) -> int:
        return self.folder.stat().st_dev


@contextmanager
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """Eight megabytes at `tmp_path`/disk; the test is skipped where nothing may be mounted."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("only root can mount a disk, and only on Linux with mkfs.ext4")
    image, folder = tmp_path / "disk.img", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as stream:
        stream.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True)
    disk = Disk(image, folder)
    disk.mount()
    try:
        yield disk
    finally:
        while folder.is_mount():
            disk.unmount()
