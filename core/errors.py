"""What can go wrong that a user can mend. Every message says what, with which value or file, and what to do."""

from __future__ import annotations


class MoodlightError(Exception):
    """Base of all errors whose message is meant to be shown as it is."""


class AudioError(MoodlightError):
    """A sound file that cannot be read: missing, empty, not sound, damaged or not permitted.

    Attributes:
        path: the file.
        cause: a short word for the reason: `missing`, `empty`, `folder`, `permission`,
            `not-sound`, `damaged`, `range`, `unreachable`.
    """

    def __init__(self, message: str, *, path: str = "", cause: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.cause = cause


class ConfigError(MoodlightError):
    """A setting, recipe or dimension with a value that makes no sense."""


class CheckpointError(MoodlightError):
    """A model folder that is missing, damaged, of a newer version, another architecture, or not safetensors."""


class ManifestError(MoodlightError):
    """A manifest or corpus that cannot be used as it is."""


class EngineError(MoodlightError):
    """The inference process could not do what it was asked."""


class ProjectError(MoodlightError):
    """A project file that cannot be opened, read or written as it was asked.

    Attributes:
        cause: a short word for the reason: `missing`, `exists`, `not-project`, `damaged`, `newer`, `read-only`,
            `open-elsewhere`, `full`, `gone`, `unsaved`, `request`.
    """

    def __init__(self, message: str, *, cause: str = "request") -> None:
        super().__init__(message)
        self.cause = cause
