from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from core.errors import ConfigError, ProjectError
from core.project.agreement import (
    NO_OVERLAP,
    ONE_LABEL,
    Distance,
    Estimate,
    cohen_kappa,
    confusion,
    fleiss_kappa,
    krippendorff_alpha,
    pairwise,
    percent_agreement,
)
from core.project.agreement_summary import Agreement, disagreements, summary
from core.project.ratings import Ratings

Rows = list[tuple[int | str, str, str]]
LABELS = ("anger", "happiness", "neutral", "sadness")

# Krippendorff (2011), section C: four observers, twelve units, a dot where one said nothing.
OBSERVERS = {"A": "123321412...", "B": "1233224125.3", "C": ".3332342251.", "D": "12332441251."}
# Fleiss' kappa worked out in Wikipedia: how many of 14 raters put each of 10 subjects into each of 5 categories.
SUBJECTS = (
    *((0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1)),
    *((7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7)),
)


def krippendorffs_rows() -> Rows:
    return [(unit, who, label) for who, row in OBSERVERS.items() for unit, label in enumerate(row) if label != "."]


def fleiss_rows() -> Rows:
    rows: Rows = []
    for subject, counts in enumerate(SUBJECTS):
        given = [str(category) for category, count in enumerate(counts) for _ in range(count)]
        rows += [(subject, f"rater {number:02}", label) for number, label in enumerate(given)]
    return rows


def random_rows(clips: int, annotators: int, seed: int = 0, kept: float = 0.8) -> Rows:
    generator = np.random.default_rng(seed)
    truth = generator.integers(4, size=clips)
    said = np.where(generator.random((annotators, clips)) < 0.6, truth, generator.integers(4, size=(annotators, clips)))
    told = generator.random((annotators, clips)) < kept
    return [(int(i), f"a{k}", LABELS[said[k, i]]) for k, i in np.argwhere(told)]


@pytest.mark.parametrize(("distance", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_krippendorffs_example(distance: Distance, alpha: float) -> None:
    assert krippendorff_alpha(Ratings.of(krippendorffs_rows()), distance).value == pytest.approx(alpha, abs=5e-4)


def test_kappa_of_fleiss_example() -> None:
    found = fleiss_kappa(Ratings.of(fleiss_rows()))
    assert found.kappa.value == pytest.approx(0.210, abs=5e-4)
    assert (found.clips, found.labels_each, found.left_out) == (10, 14, 0)


def test_kappa_and_confusion_agree_with_scikit_learn() -> None:
    ratings = Ratings.of(random_rows(300, 2, kept=1.0), LABELS)
    first, second = ratings.codes.T
    assert cohen_kappa(ratings, "a0", "a1").value == pytest.approx(cohen_kappa_score(first, second))
    np.testing.assert_array_equal(confusion(ratings, "a0", "a1"), confusion_matrix(first, second))


def test_a_pair_is_compared_on_what_both_labelled() -> None:
    ratings = Ratings.of(random_rows(300, 3, kept=0.5), LABELS)
    for pair in pairwise(ratings, draws=0):
        columns = [ratings.annotators.index(name) for name in (pair.first, pair.second)]
        first, second = ratings.codes[(ratings.codes[:, columns] >= 0).all(axis=1)][:, columns].T
        assert pair.clips == len(first)
        assert pair.agreement.value == pytest.approx((first == second).mean())
        assert pair.kappa.value == pytest.approx(cohen_kappa_score(first, second))


def test_percent_is_the_mean_over_pairs() -> None:
    ratings = Ratings.of(random_rows(200, 4), LABELS)
    percents = [pair.agreement.value for pair in pairwise(ratings, draws=0)]
    assert percent_agreement(ratings).value == pytest.approx(np.mean(percents))


def test_alpha_of_two_who_labelled_everything_is_close_to_kappa() -> None:
    ratings = Ratings.of(random_rows(5000, 2, kept=1.0), LABELS)
    kappa, alpha = cohen_kappa(ratings, "a0", "a1", 0).value, krippendorff_alpha(ratings, draws=0).value
    assert alpha == pytest.approx(kappa, abs=1e-3)


def test_fleiss_takes_the_clips_with_the_usual_number_of_labels() -> None:
    rows = fleiss_rows()
    others: Rows = [("x", "rater 00", "1"), ("x", "rater 01", "2"), ("y", "rater 00", "1")]
    found = fleiss_kappa(Ratings.of(rows + others))
    assert found.kappa.value == pytest.approx(0.210, abs=5e-4)
    assert (found.clips, found.left_out) == (10, 1)  # a clip with a single label is none that was left out


def test_a_scheme_with_labels_that_nobody_uses_gives_the_same_figures() -> None:
    rows = random_rows(100, 3)
    some, more = Ratings.of(rows), Ratings.of(rows, (*LABELS, "fear", "disgust"))
    assert krippendorff_alpha(more, draws=0).value == pytest.approx(krippendorff_alpha(some, draws=0).value)
    assert krippendorff_alpha(more, "ordinal", 0).value == pytest.approx(krippendorff_alpha(some, "ordinal", 0).value)
    assert fleiss_kappa(more, 0).kappa.value == pytest.approx(fleiss_kappa(some, 0).kappa.value)


quick = settings(max_examples=50, deadline=None)
some_rows = st.dictionaries(
    st.tuples(st.integers(0, 7), st.sampled_from("ABC")), st.sampled_from(LABELS), min_size=1, max_size=24
).map(lambda said: [(clip, who, label) for (clip, who), label in said.items()])


def values(rows: Rows, labels: tuple[str, ...] = LABELS) -> dict[str, float | None]:
    figures = summary(Ratings.of(rows, labels), draws=0)
    return {
        "agreement": figures.agreement.value,
        "fleiss": figures.fleiss.kappa.value,
        "alpha": figures.alpha.value,
        "disputed": figures.disputed,
        "kappas": sum(pair.kappa.value or 0.0 for pair in figures.pairs),
    }


@quick
@given(some_rows, st.permutations(range(24)), st.permutations("ABC"), st.permutations(LABELS))
def test_names_and_order_do_not_matter(rows: Rows, order: list[int], people: list[str], labels: list[str]) -> None:
    other_name, other_label = dict(zip("ABC", people, strict=True)), dict(zip(LABELS, labels, strict=True))
    shuffled = [rows[i] for i in order if i < len(rows)]
    renamed: Rows = [(f"clip {clip}", other_name[who], other_label[label]) for clip, who, label in shuffled]
    assert values(renamed) == pytest.approx(values(rows))


@quick
@given(some_rows)
def test_the_order_of_the_rows_changes_nothing_not_even_an_interval(rows: Rows) -> None:
    assert summary(Ratings.of(rows[::-1], LABELS), draws=20) == summary(Ratings.of(rows, LABELS), draws=20)


@quick
@given(some_rows)
def test_a_figure_is_a_number_or_undefined_for_a_reason(rows: Rows) -> None:
    figures = summary(Ratings.of(rows, LABELS), draws=10)
    estimates = [figures.agreement, figures.fleiss.kappa, figures.alpha]
    estimates += [each for pair in figures.pairs for each in (pair.agreement, pair.kappa)]
    for each in estimates:
        assert (each.value is None) == bool(each.undefined)
        assert all(number is None or math.isfinite(number) for number in (each.value, each.low, each.high))
    json.dumps(figures.to_json(), allow_nan=False)


def test_all_alike_is_full_agreement_where_chance_leaves_room() -> None:
    rows: Rows = [(clip, who, LABELS[clip % 2]) for clip in range(10) for who in "ABC"]
    figures = summary(Ratings.of(rows))
    assert [figures.agreement.value, figures.fleiss.kappa.value, figures.alpha.value] == [1.0, 1.0, 1.0]
    assert figures.disputed == 0


def test_one_label_alone_leaves_kappa_and_alpha_undefined() -> None:
    figures = summary(Ratings.of([(clip, who, "anger") for clip in range(10) for who in "AB"], LABELS))
    undefined = Estimate(None, undefined=ONE_LABEL)
    assert figures.agreement == Estimate(1.0, 1.0, 1.0)
    assert (figures.fleiss.kappa, figures.alpha, figures.pairs[0].kappa) == (undefined, undefined, undefined)


def test_no_clip_in_common_leaves_everything_undefined() -> None:
    figures = summary(Ratings.of([(1, "A", "anger"), (2, "B", "anger"), (3, "B", "neutral")]))
    undefined = Estimate(None, undefined=NO_OVERLAP)
    assert (figures.agreement, figures.fleiss.kappa, figures.alpha) == (undefined, undefined, undefined)
    assert (figures.pairs[0].clips, figures.pairs[0].kappa) == (0, undefined)
    assert (figures.clips, figures.shared, figures.fleiss.clips) == (3, 0, 0)


def test_a_single_clip_has_no_interval() -> None:
    figures = summary(Ratings.of([(1, "A", "anger"), (1, "B", "neutral")]))
    assert figures.agreement == Estimate(0.0)
    assert figures.pairs[0].kappa == Estimate(0.0)


@pytest.mark.parametrize("labels", [None, LABELS, ()])
def test_nobody_has_labelled_anything(labels: tuple[str, ...] | None) -> None:
    ratings = Ratings.of([], labels)
    assert summary(ratings).alpha.value is None
    assert disagreements(ratings) == []
    assert summary(ratings).lines()[0].startswith("0 clips, 0 annotators")


def test_one_annotator_alone() -> None:
    figures = summary(Ratings.of([(1, "A", "anger"), (2, "A", "neutral")]))
    assert figures.pairs == () and figures.agreement.value is None
    assert figures.annotators[0].labels == {"anger": 1, "neutral": 1}


def test_intervals_are_those_of_a_bootstrap_over_clips() -> None:
    ratings = Ratings.of(random_rows(150, 3), LABELS)
    generator, alphas, percents = np.random.default_rng(1), [], []
    for _ in range(300):
        drawn = ratings.codes[generator.integers(len(ratings.clips), size=len(ratings.clips))]
        again = Ratings(tuple(range(len(drawn))), ratings.annotators, ratings.labels, drawn)
        alphas.append(krippendorff_alpha(again, draws=0).value)
        percents.append(percent_agreement(again, draws=0).value)
    for figure, found in ((krippendorff_alpha, alphas), (percent_agreement, percents)):
        estimate = figure(ratings)
        assert (estimate.low, estimate.high) == pytest.approx(tuple(np.percentile(found, (2.5, 97.5))), abs=0.02)


def test_more_clips_make_intervals_narrower_and_the_seed_makes_them_the_same() -> None:
    def width(clips: int) -> float:
        found = krippendorff_alpha(Ratings.of(random_rows(clips, 3)))
        assert found.low is not None and found.high is not None and found.value is not None
        assert found.low < found.value < found.high
        return found.high - found.low

    assert width(100) > 2 * width(1000)
    ratings = Ratings.of(random_rows(100, 3))
    assert summary(ratings, seed=1) == summary(ratings, seed=1) != summary(ratings, seed=2)


def test_patterns_that_are_all_different_are_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = Ratings.of(random_rows(60, 5), LABELS)
    at_once = summary(ratings, draws=50)
    monkeypatch.setattr("core.project.agreement._CELLS", 200)
    assert summary(ratings, draws=50) == at_once


def test_disagreements_come_with_their_votes_the_sharpest_first() -> None:
    votes = {"same": "AAA", "two to one": "AAN", "all different": "AHN", "one to one": "A.S", "once": "N..", "2": "NNA"}
    names = {label[0].upper(): label for label in LABELS}
    rows: Rows = []
    for clip, codes in votes.items():
        rows += [(clip, who, names[code]) for who, code in zip("xyz", codes, strict=True) if code != "."]
    found = disagreements(Ratings.of(rows, LABELS))
    assert [each.clip for each in found] == ["all different", "one to one", "two to one", "2"]
    assert [each.entropy for each in found] == pytest.approx([math.log2(3), 1.0, 0.9183, 0.9183], abs=1e-4)
    assert found[1].votes == {"x": "anger", "z": "sadness"}


@quick
@given(some_rows)
def test_every_disagreement_is_listed_once(rows: Rows) -> None:
    ratings = Ratings.of(rows, LABELS)
    found = disagreements(ratings)
    said: dict[int | str, dict[str, str]] = {}
    for clip, who, label in rows:
        said.setdefault(clip, {})[who] = label
    assert {each.clip: each.votes for each in found} == {
        clip: votes for clip, votes in said.items() if len(set(votes.values())) > 1
    }
    assert [each.entropy for each in found] == sorted((each.entropy for each in found), reverse=True)
    assert len(found) == summary(ratings, draws=0).disputed


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: Ratings.of([(1, "A", "joy")], LABELS), ProjectError, "'joy' is not among the labels anger"),
        (lambda: Ratings.of([(7, "A", "x"), (7, "A", "y")]), ProjectError, "'A' gave clip 7 two different labels"),
        (lambda: cohen_kappa(Ratings.of([(1, "A", "x")]), "A", "C"), ProjectError, "'C' has labelled nothing"),
        (lambda: confusion(Ratings.of([]), "A", "B"), ProjectError, "these have: nobody"),
        (lambda: krippendorff_alpha(Ratings.of([]), "ratio"), ConfigError, "no distance 'ratio'"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_said(ask: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ask()


def test_a_row_said_twice_counts_once() -> None:
    rows = random_rows(20, 2)
    assert summary(Ratings.of(rows + rows), draws=0) == summary(Ratings.of(rows), draws=0)


def test_the_table_shows_everybody_and_every_pair() -> None:
    rows: Rows = [*random_rows(50, 3), (1, "z", "anger"), (51, "lonely", "anger")]
    figures: Agreement = summary(Ratings.of(rows, LABELS))
    text = "\n".join(figures.lines())
    assert all(name in text for name in ("a0", "a1", "a2", "lonely", "a0 – a1", *LABELS, "Krippendorff", "Fleiss"))
    assert "a0 – lonely" in text and "none in common" in text
    assert json.loads(json.dumps(figures.to_json()))["pairs"][0]["kappa"]["value"] == figures.pairs[0].kappa.value
