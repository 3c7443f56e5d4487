"""What can be taught with the labels there are, in sentences: known without a model, so that the window can say it."""

from __future__ import annotations

from collections.abc import Sequence

METHODS = ("head", "blocks", "all", "lora", "scratch")
MEASURED_ON = ("auto", "speakers", "folds", "nothing")
LEAST_A_LABEL = 4  # clips: with fewer a label cannot be held out and learnt as well
ENOUGH_A_LABEL = 12  # clips, from where more of the same help little: docs/results/teaching.md
FOLDS = 4
HELD_SHARE = 0.25  # of the speakers
FEWEST_HELD = 40  # clips of the speakers held out: with fewer, folds tell more


def shortages(counts: Sequence[tuple[str, int]]) -> list[str]:
    """What cannot be taught yet, in sentences; none if everything can.

    Args:
        counts: label and number of clips, for every label of the scheme.
    """
    given = [(name, count) for name, count in counts if count]
    if not given:
        return ["Nothing is labelled yet."]
    sentences = []
    if len(given) == 1:
        sentences.append(f"All labels are {given[0][0]}: at least two different ones are needed.")
    for name, count in given:
        if count < LEAST_A_LABEL:
            has = "one clip" if count == 1 else f"{count} clips"
            more = ENOUGH_A_LABEL - count
            sentences.append(
                f"{name} has {has}: at least {LEAST_A_LABEL} are needed, about {more} more would help most."
            )
    return sentences


def missing_labels(counts: Sequence[tuple[str, int]]) -> list[str]:
    """Labels of the scheme that no clip carries: the model keeps what it knew of them, and learns nothing."""
    return [name for name, count in counts if not count]
