"""What a clip is taught: the label that stands in its manifest, what listeners heard, or something between the two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import ManifestError
from training.manifest import Clip


def emotion_targets(clips: Sequence[Clip], names: Sequence[str], votes_share: float = 0.0) -> np.ndarray:
    """Soft labels of clips, times their weights.

    Args:
        clips: at least one.
        names: emotions that the model tells apart, in its order.
        votes_share: part that the votes have in the target of a clip that has both votes and a label; 1: they alone.

    Returns:
        `(clips, names)` float32. A row adds up to the clip's weight, or to zero where nothing is known of its emotion.
    """
    return np.array([_target(clip, names, votes_share) for clip in clips], dtype=np.float32)


def _target(clip: Clip, names: Sequence[str], votes_share: float) -> np.ndarray:
    label = np.array([float(name == clip.emotion) for name in names])
    shares = np.array([clip.vote_shares.get(name, 0.0) for name in names])
    if not votes_share or not shares.any():
        return clip.weight * label
    shares /= shares.sum()
    if not label.any():
        # An emotion that is not asked for says more than the votes for those that are; a tie says no more than they.
        return clip.weight * shares * (not clip.emotion)
    return clip.weight * ((1.0 - votes_share) * label + votes_share * shares)


def taught(clips: Sequence[Clip], names: Sequence[str], votes_share: float = 0.0) -> list[Clip]:
    """The clips of which something is known about these emotions; arguments as in `emotion_targets`.

    Raises:
        ManifestError: there are none.
    """
    chosen = [clip for clip in clips if _target(clip, names, votes_share).any()]
    if not chosen:
        raise ManifestError(f"No clip carries one of the labels {', '.join(names)}.")
    return chosen
