"""The side layer of a fine-tuned model: a second reading of the emotion, fitted when all else is trained.

What z_e has forgotten of a voice is still there in the blocks before it. A logistic regression on means and deviations
of some of them errs elsewhere than z_e does: the two together are better than either (docs/results/trials.md). Where a
recipe replays read speech, that is shown to it as well, each clip with the shares of the emotions that are expected of
such speech: elsewhere than in its corpus it is to know little.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from core.features import FRAMES_PER_SECOND
from core.model import EmotionTransformer
from core.project.usefulness import UNLABELLED, LogisticHead
from core.schemes import Scheme
from training.batches import ClipDataset, load_batches, plan_batches
from training.feature_store import FeatureStore
from training.pretrain import predict
from training.recipe import FinetuneRecipe

DRAWS = 2  # of augmented clips, beside the clips as they are
INPUTS_A_PENALTY = 8.0  # the penalty grows with the inputs: 266 where 2,128 are read
READINGS = 2000  # clips of read speech
READINGS_SHARE = 0.2  # of the weight that the clips with an emotion have together
BATCH_S = 120.0


def with_fitted_side(
    model: EmotionTransformer,
    recipe: FinetuneRecipe,
    scheme: Scheme,
    store: FeatureStore,
    readings: FeatureStore | None = None,
    expected: np.ndarray | None = None,
) -> EmotionTransformer:
    """A copy with a side layer that has learnt from clips, as they are and augmented.

    Args:
        model: trained, without a side layer, its classes those of the scheme.
        recipe: whose `side_blocks`, `augmentation` (but for its masks, which would be read as silence) and `seed` are
            followed.
        scheme: the labels; clips that have none of them are left out.
        store: features of the training clips.
        readings: features of read speech.
        expected: shares of the emotions in it, `(labels,)`; all zero where nothing is expected.
    """
    model = model.with_side(recipe.side_blocks).eval()
    truth = np.array([scheme.names.index(c.emotion) if c.emotion in scheme.names else UNLABELLED for c in store.clips])
    milder = replace(recipe.augmentation, frequency_masks=0, time_masks=0)
    inputs, labels, weights = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    for draw in range(1 + DRAWS):
        dataset = ClipDataset(store, [[]] * len(truth), None, milder if draw else None)
        for numbers, found in _side_inputs(model, dataset, recipe.seed, draw):
            inputs.append(found)
            labels.append(truth[list(numbers)])
            weights.append(np.ones(len(found)))
    if readings is not None and expected is not None and expected.any():
        rows = np.random.default_rng(recipe.seed).permutation(len(readings.clips))[:READINGS]
        found = np.concatenate(
            [
                part
                for _, part in _side_inputs(
                    model, ClipDataset(readings, [[]] * len(readings.clips)), recipe.seed, 0, rows
                )
            ]
        )
        weight = READINGS_SHARE * sum(map(len, inputs)) / len(found)
        for label, share in enumerate(expected):
            inputs.append(found)
            labels.append(np.full(len(found), label))
            weights.append(np.full(len(found), weight * share))
    read, width = np.concatenate(inputs), model.dims.width
    l2 = read.shape[1] / INPUTS_A_PENALTY
    head = LogisticHead.fit(read, np.concatenate(labels), len(scheme.labels), np.concatenate(weights), l2)
    beside = np.pad(head.weights, ((width, 0), (0, 0)))  # what z_e says stays
    model.add_to_emotion(torch.from_numpy(beside.T), torch.from_numpy(head.bias))
    return model


@torch.inference_mode()
def _side_inputs(
    model: EmotionTransformer, dataset: ClipDataset, seed: int, draw: int, rows: np.ndarray | None = None
) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Numbers of clips `(batch,)` and what the side layer reads of them `(batch, side width)`, batch by batch."""
    rows = np.arange(len(dataset.store.clips)) if rows is None else rows
    plan = plan_batches(dataset.store.lengths()[rows], BATCH_S * FRAMES_PER_SECOND, seed)
    plan = [rows[places].tolist() for places in plan]
    for batch in load_batches(dataset, plan, seed, draw):
        side = predict(model, batch, words=False).side
        assert side is not None
        yield batch.numbers, side.numpy()
