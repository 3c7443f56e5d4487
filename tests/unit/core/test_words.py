"""Tokenizer and CTC decoding."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decoding import SECONDS_PER_POSITION, greedy_spans, greedy_words, prefix_beam_search
from core.errors import CheckpointError, ConfigError
from core.tokenizer import Tokenizer, normalise_text

TEXTS = [
    "The airplane is almost full",
    "Don't forget a jacket",
    "It's eleven o'clock",
    "Maybe tomorrow it will be cold",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(TEXTS * 20, 40)


@pytest.mark.parametrize("text", TEXTS)
def test_text_survives_encoding(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == normalise_text(text)


def test_normalised_text_has_capitals_and_apostrophes_only() -> None:
    assert normalise_text("Don\u2019t  “stop” — it's 5 o'clock_now!") == "DON'T STOP IT'S 5 O'CLOCK NOW"


def test_too_few_texts_for_the_units_is_said() -> None:
    with pytest.raises(ConfigError, match="5000 BPE units"):
        Tokenizer.train(["a b c"], 5000)


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "tokenizer.model"
    path.write_bytes(b"not a model")
    with pytest.raises(CheckpointError, match=r"tokenizer\.model"):
        Tokenizer.load(path)


def path_log_probs(units: list[int], vocabulary: int, sure: float = 0.99) -> torch.Tensor:
    rest = (1 - sure) / (vocabulary - 1)
    rows = [[math.log(sure if unit == chosen else rest) for unit in range(vocabulary)] for chosen in units]
    return torch.tensor(rows)


def test_repeats_merge_and_a_blank_parts_them() -> None:
    spans = greedy_spans(path_log_probs([2, 0, 0, 2, 0, 1, 1], 3), blank=2)
    assert [(span.unit, span.first, span.last) for span in spans] == [(0, 1, 2), (0, 4, 4), (1, 5, 6)]


def test_words_follow_each_other_at_their_times(tokenizer: Tokenizer) -> None:
    units = tokenizer.encode("The airplane")
    blank = tokenizer.units
    path = [blank] * 5 + [unit for unit in units for _ in (0, 1)] + [blank] * 3
    for repeated in range(1, len(path)):  # a repeated unit needs a blank between
        assert path[repeated] != path[repeated - 1] or path[repeated] in (blank, *units)
    words = greedy_words(path_log_probs(path, blank + 1), blank, tokenizer, start_s=2.0)
    assert [word.text for word in words] == ["THE", "AIRPLANE"]
    assert words[0].start_s == pytest.approx(2.0 + 5 * SECONDS_PER_POSITION)
    assert all(word.start_s < word.end_s for word in words)
    assert words[0].end_s == pytest.approx(words[1].start_s)
    assert words[0].confidence == pytest.approx(0.99, abs=1e-3)


def best_labelling_by_hand(log_probs: torch.Tensor, blank: int) -> tuple[int, ...]:
    """All paths, collapsed and summed."""
    mass: dict[tuple[int, ...], float] = {}
    for path in product(range(log_probs.shape[1]), repeat=len(log_probs)):
        collapsed = [unit for i, unit in enumerate(path) if unit != blank and (i == 0 or path[i - 1] != unit)]
        value = math.exp(sum(float(log_probs[i, unit]) for i, unit in enumerate(path)))
        mass[tuple(collapsed)] = mass.get(tuple(collapsed), 0.0) + value
    return max(mass, key=mass.__getitem__)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(-3, 3), min_size=3, max_size=3), min_size=1, max_size=6))
def test_a_wide_beam_finds_the_most_probable_labelling(logits: list[list[float]]) -> None:
    log_probs = torch.tensor(logits, dtype=torch.float64).log_softmax(1)
    spans = prefix_beam_search(log_probs, blank=2, beam=200)
    found = tuple(span.unit for span in spans)
    expected = best_labelling_by_hand(log_probs, blank=2)
    assert found == expected or labelling_mass(log_probs, found) == pytest.approx(labelling_mass(log_probs, expected))
    assert all(span.first <= span.last for span in spans)


def labelling_mass(log_probs: torch.Tensor, labels: tuple[int, ...]) -> float:
    if not labels:
        return math.exp(float(log_probs[:, 2].sum()))
    loss = torch.nn.functional.ctc_loss(
        log_probs[:, None], torch.tensor([labels]), [len(log_probs)], [len(labels)], blank=2, reduction="sum"
    )
    return math.exp(-float(loss))


def test_a_beam_of_a_sure_path_is_the_greedy_one() -> None:
    log_probs = path_log_probs([2, 0, 0, 2, 0, 1, 1], 3)
    assert prefix_beam_search(log_probs, blank=2)[0].unit == 0
    assert [span.unit for span in prefix_beam_search(log_probs, 2)] == [
        span.unit for span in greedy_spans(log_probs, 2)
    ]
