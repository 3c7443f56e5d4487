"""Counts in sentences."""

from __future__ import annotations


def counted(count: int, noun: str, verb: str = "") -> str:
    """`1 clip`, `2,000 clips`; with the verb `is`, `was` or `has`, `1 clip is`, `2 clips are`."""
    one = count == 1
    said = verb if one else {"is": "are", "was": "were", "has": "have"}.get(verb, verb)
    return f"{count:,} {noun}{'' if one else 's'} {said}".rstrip()
