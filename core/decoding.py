"""CTC outputs to words with times (Graves et al. 2006): the greedy path, and prefix beam search as an option."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor

from core.features import FRAMES_PER_SECOND
from core.model import SUBSAMPLING
from core.predictions import Word
from core.tokenizer import WORD_START, Tokenizer

SECONDS_PER_POSITION = SUBSAMPLING / FRAMES_PER_SECOND  # 60 ms


@dataclass(frozen=True)
class UnitSpan:
    """One decoded BPE unit: first and last encoder position (inclusive) and the mean probability over them."""

    unit: int
    first: int
    last: int
    probability: float


def greedy_spans(log_probs: Tensor, blank: int) -> list[UnitSpan]:
    """The most probable unit of each position, repeats merged and blanks dropped.

    Args:
        log_probs: `(positions, units + 1)` log probabilities of one clip, padding already cut off.
        blank: index of the blank.
    """
    best, units = log_probs.max(dim=1)
    runs, counts = torch.unique_consecutive(units, return_counts=True)
    ends = counts.cumsum(0).tolist()
    spans = []
    for unit, count, end in zip(runs.tolist(), counts.tolist(), ends, strict=True):
        if unit != blank:
            probability = math.exp(float(best[end - count : end].mean()))
            spans.append(UnitSpan(unit, end - count, end - 1, probability))
    return spans


def spans_to_words(spans: list[UnitSpan], tokenizer: Tokenizer, start_s: float = 0.0) -> tuple[Word, ...]:
    """Units to words: a unit that begins with the word mark opens a new word.

    CTC puts a unit's peak somewhere within the sound it stands for, so a word reaches from its first peak to the next
    word's first peak, but at most half a second beyond its own last one.
    """
    groups: list[list[UnitSpan]] = []
    for span in spans:
        if not groups or tokenizer.pieces[span.unit].startswith(WORD_START):
            groups.append([])
        groups[-1].append(span)
    words = []
    for index, group in enumerate(groups):
        text = tokenizer.decode([span.unit for span in group])
        if not text:
            continue
        following = groups[index + 1][0].first if index + 1 < len(groups) else math.inf
        end = min(following * SECONDS_PER_POSITION, (group[-1].last + 1) * SECONDS_PER_POSITION + 0.5)
        if math.isinf(following):
            end = (group[-1].last + 1) * SECONDS_PER_POSITION
        confidence = math.exp(sum(math.log(max(span.probability, 1e-9)) for span in group) / len(group))
        words.append(Word(text, start_s + group[0].first * SECONDS_PER_POSITION, start_s + end, confidence))
    return tuple(words)


def greedy_words(log_probs: Tensor, blank: int, tokenizer: Tokenizer, start_s: float = 0.0) -> tuple[Word, ...]:
    """Words of one clip by the greedy path; times in seconds from `start_s`. `log_probs` as in `greedy_spans`."""
    return spans_to_words(greedy_spans(log_probs, blank), tokenizer, start_s)


@dataclass
class _Prefix:
    """A hypothesis: probability mass of the paths that end in a blank or in the last unit, and where units peaked."""

    ends_in_blank: float = 0.0
    ends_in_unit: float = 0.0
    spans: tuple[UnitSpan, ...] = ()
    best: float = 0.0  # the largest contribution, whose spans are kept

    @property
    def total(self) -> float:
        return self.ends_in_blank + self.ends_in_unit

    def add(self, mass: float, *, in_blank: bool, spans: tuple[UnitSpan, ...]) -> None:
        if in_blank:
            self.ends_in_blank += mass
        else:
            self.ends_in_unit += mass
        if mass > self.best:
            self.best, self.spans = mass, spans


def prefix_beam_search(log_probs: Tensor, blank: int, beam: int = 8, candidates: int = 12) -> list[UnitSpan]:
    """The most probable labelling, summed over its alignments (Hannun et al. 2014, without language model).

    Args:
        log_probs: `(positions, units + 1)` log probabilities of one clip.
        blank: index of the blank.
        beam: hypotheses kept a position.
        candidates: outputs tried a position, the most probable ones.

    Returns:
        The units of the best hypothesis with the positions at which they were said.
    """
    beams: dict[tuple[int, ...], _Prefix] = {(): _Prefix(ends_in_blank=1.0, best=1.0)}
    top_values, top_units = log_probs.exp().topk(min(candidates, log_probs.shape[1]), dim=1)
    for position, (values, units) in enumerate(zip(top_values.tolist(), top_units.tolist(), strict=True)):
        following: dict[tuple[int, ...], _Prefix] = defaultdict(_Prefix)
        for prefix, state in beams.items():
            for value, unit in zip(values, units, strict=True):
                _extend(following, prefix, state, unit, value, position, blank)
        kept = sorted(following.items(), key=lambda item: item[1].total, reverse=True)[:beam]
        scale = sum(state.total for _, state in kept) or 1.0  # only ratios count; this keeps floats from vanishing
        for _, state in kept:
            state.ends_in_blank /= scale
            state.ends_in_unit /= scale
            state.best /= scale
        beams = dict(kept)
    return list(max(beams.values(), key=lambda state: state.total).spans)


def _extend(
    following: dict[tuple[int, ...], _Prefix],
    prefix: tuple[int, ...],
    state: _Prefix,
    unit: int,
    value: float,
    position: int,
    blank: int,
) -> None:
    """Add what one output at one position makes of one hypothesis."""
    if unit == blank:
        following[prefix].add(state.total * value, in_blank=True, spans=state.spans)
        return
    fresh = (*state.spans, UnitSpan(unit, position, position, value))
    if prefix and unit == prefix[-1]:
        last = state.spans[-1]
        held = (*state.spans[:-1], UnitSpan(unit, last.first, position, max(last.probability, value)))
        following[prefix].add(state.ends_in_unit * value, in_blank=False, spans=held)
        if state.ends_in_blank > 0.0:
            following[(*prefix, unit)].add(state.ends_in_blank * value, in_blank=False, spans=fresh)
    else:
        following[(*prefix, unit)].add(state.total * value, in_blank=False, spans=fresh)
