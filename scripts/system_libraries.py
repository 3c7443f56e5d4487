"""Bring the system libraries that Qt and PortAudio need on Linux, where they are missing.

`make setup` runs this with the environment's own Python once the packages are in. It tries to load what the window
will load, and only where that fails does it call apt, as root or through sudo without a password; otherwise it prints
the one line to type. On macOS and Windows the wheels bring everything.

Exit 0: the window can start. Exit 1: Qt cannot be loaded, the line to type is printed. With `--sound-server`, for
`make test`, it brings what some tests listen with, and always exits 0.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

QT_PACKAGES = (
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libgl1",
    "libglib2.0-0",
    "libopengl0",
    "libwayland-client0",
    "libwayland-cursor0",
    "libwayland-egl1",
    "libx11-xcb1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-sync1",
    "libxcb-xfixes0",
    "libxcb-xinerama0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
)
FONT_PACKAGES = ("fontconfig", "fonts-dejavu-core")
SOUND_PACKAGES = ("libportaudio2",)
SERVER_PACKAGES = ("pulseaudio", "pulseaudio-utils", "libasound2-plugins")
SERVER_PROGRAMS = ("pulseaudio", "pactl", "parec")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def qt_fault() -> str | None:
    """Why Qt's platform plugins cannot be loaded, in the loader's words, or None."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or spec.origin is None:
        return None
    plugins = Path(spec.origin).parent / "Qt" / "plugins" / "platforms"
    names = ["libqoffscreen.so", "libqxcb.so"]
    if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"):
        names.append("libqwayland.so")
    try:
        for name in names:
            ctypes.CDLL(str(plugins / name))
    except OSError as error:
        return str(error)
    return None


def sound_fault() -> str | None:
    """Why PortAudio cannot be loaded, or None."""
    name = ctypes.util.find_library("portaudio")
    if name is None:
        return "libportaudio.so.2 was not found"
    try:
        ctypes.CDLL(name)
    except OSError as error:
        return str(error)
    return None


def font_fault() -> str | None:
    """A sentence where there is no font to write with, or None."""
    folders = (Path(name).expanduser() for name in FONT_FOLDERS)
    if any(next(folder.rglob("*.[to]t[fc]"), None) for folder in folders if folder.is_dir()):
        return None
    return "no font is installed"


def faults() -> dict[tuple[str, ...], str]:
    """The packages that would help, with what is wrong without them."""
    found = {QT_PACKAGES: qt_fault(), FONT_PACKAGES: font_fault(), SOUND_PACKAGES: sound_fault()}
    return {packages: fault for packages, fault in found.items() if fault}


def privilege() -> list[str] | None:
    """What to put before a command so that it runs as root, or None where that needs a password."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def install(packages: list[str], prefix: list[str]) -> None:
    """Install with apt. Whether it helped is for the check that follows to say."""
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    subprocess.run([*apt, "update"], check=False)
    subprocess.run([*apt, "install", "-y", "--no-install-recommends", *packages], check=False)


def bring() -> dict[tuple[str, ...], str]:
    """Install what is missing, where that can be done without a question; returns what is missing still."""
    missing = faults()
    if not missing or shutil.which("apt-get") is None:
        return missing
    prefix = privilege()
    if prefix is None:
        return missing
    print("Missing:", "; ".join(missing.values()), flush=True)
    install([package for packages in missing for package in packages], prefix)
    return faults()


def advice(packages: list[str]) -> str:
    """The one line to type."""
    if shutil.which("apt-get"):
        return "sudo apt-get install -y --no-install-recommends " + " ".join(packages)
    return "Install, with your system's package manager, what Debian calls: " + " ".join(packages)


def bring_sound_server() -> None:
    """Install the sound server with which tests hear what is played; without it they are skipped.

    Only for root, as in a container, and where there is none: on a desktop it could take the place of PipeWire.
    """
    there = all(shutil.which(name) for name in SERVER_PROGRAMS)
    if there or os.geteuid() != 0 or shutil.which("pipewire") or shutil.which("apt-get") is None:
        return
    install(list(SERVER_PACKAGES), [])


def main() -> int:
    """Check, bring what is missing, and say what is left to do."""
    if not sys.platform.startswith("linux"):
        return 0
    missing = bring()
    if not missing:
        return 0
    print("Missing:", "; ".join(missing.values()), file=sys.stderr)
    print("Type this, then call make again:\n", file=sys.stderr)
    print("   ", advice([package for packages in missing for package in packages]), file=sys.stderr)
    if QT_PACKAGES in missing:
        return 1
    print("\nWithout it Moodlight runs, but plays no sound or shows no letters.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    if "--sound-server" not in sys.argv[1:]:
        sys.exit(main())
    if sys.platform.startswith("linux"):
        bring_sound_server()
