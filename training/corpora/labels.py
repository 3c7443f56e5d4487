"""Names of emotions: what corpora and tables call them, and what they are called here."""

from __future__ import annotations

_SYNONYMS = {
    "anger": ("angry", "ang", "mad"),
    "boredom": ("bored",),
    "calm": ("calmness",),
    "contempt": ("contemptuous",),
    "disgust": ("disgusted", "dis"),
    "excitement": ("excited", "exc"),
    "fear": ("fearful", "fea", "afraid"),
    "frustration": ("frustrated", "fru"),
    "happiness": ("happy", "hap", "joy", "joyful"),
    "neutral": ("neu", "neutrality"),
    "sadness": ("sad",),
    "surprise": ("surprised", "sur", "pleasant surprise", "pleasant surprised"),
}
_NAMES = {synonym: name for name, synonyms in _SYNONYMS.items() for synonym in (name, *synonyms)}


def standard_label(text: str) -> str:
    """The name that the schemes use for a label (`Angry` -> `anger`); one that is not known stays as it is."""
    text = text.strip()
    return _NAMES.get(text.lower().replace("_", " ").replace("-", " "), text)
