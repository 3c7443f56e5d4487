"""The one place that imports torchaudio.

The Linux wheel of torchaudio links against CUDA, so on a CPU-only torch the import ends in an OSError about
`libc10_cuda.so`. What Moodlight takes from it (mel filterbank, SpecAugment, wav2vec 2.0) is plain Python over torch: a
stub in place of the compiled extension is enough. Forced alignment and the RNN-T loss are then not there.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any


@cache
def torchaudio() -> ModuleType:
    """The torchaudio module, with its compiled extension replaced by a stub where that cannot be loaded."""
    try:
        return importlib.import_module("torchaudio")
    except OSError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _extension_stub()
        return importlib.import_module("torchaudio")


def _extension_stub() -> ModuleType:
    stub: Any = ModuleType("torchaudio._extension")
    stub._IS_TORCHAUDIO_EXT_AVAILABLE = False
    stub._IS_ALIGN_AVAILABLE = False
    stub.fail_if_no_align = lambda function: function
    return stub
