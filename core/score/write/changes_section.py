"""What changed since an older table, as a section of the summary."""

from __future__ import annotations

from pathlib import PurePath

from core.markup import Markup, table, tag
from core.predictions import NO_SPEECH
from core.score.write.changes import Change, Changes


def changes_section(changes: Changes) -> Markup:
    """Counts from one emotion to the other, and the clips that changed most."""
    heading = tag("h2", f"What changed since {PurePath(changes.table).name}")
    words = [tag("p", sentence) for sentence in _sentences(changes)]
    parts = [heading, *words, _matrix(changes)] if changes.both else [heading, *words]
    if changes.most:
        columns = ["clip", "before", "after", "change of probability", "said before", "said after"]
        rows = [_row(change) for change in changes.most]
        parts += [tag("h3", "Most changed"), tag("div", table(columns, rows), class_="wide")]
    return tag("section", *parts)


def _sentences(changes: Changes) -> list[str]:
    models = f"Before: {changes.before}. After: {changes.after}. "
    found = [f"{models}{changes.both:,} clips are in both tables, {changes.other_emotion:,} with another emotion."]
    if changes.compared:
        found.append(f"A probability changed by {changes.shares / changes.compared:.4f} in the mean of all clips.")
    if changes.transcripts:
        mean = changes.word_sum / changes.transcripts
        found.append(f"The words of {changes.transcripts:,} clips changed, by {mean:.0%} in the mean.")
    if changes.only_before or changes.only_after:
        found.append(
            f"{changes.only_before:,} clips are in the older table alone, {changes.only_after:,} in the newer."
        )
    return found


def _matrix(changes: Changes) -> Markup:
    names = sorted({name for pair in changes.labels for name in pair}, key=lambda name: (name == NO_SPEECH, name))
    head = tag("tr", tag("th", "before \\ after"), *(tag("th", name, scope="col") for name in names))
    rows = []
    for before in names:
        counts = [changes.labels[before, after] for after in names]
        shares = [number / (sum(counts) or 1) for number in counts]
        cells = (
            tag("td", f"{number:,}", tag("small", f"{share:.0%}"), style=f"--share:{100 * share:.0f}%")
            for number, share in zip(counts, shares, strict=True)
        )
        rows.append(tag("tr", tag("th", before, scope="row"), *cells))
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="confusion")


def _row(change: Change) -> list[str]:
    row, before = change.row, change.before
    assert before is not None
    times = f" {row.start_s:.2f} to {row.end_s:.2f} s"
    return [
        tag("span", PurePath(row.file).name, times, title=row.file),
        f"{before.emotion or NO_SPEECH} {before.confidence:.2f}",
        f"{row.emotion or NO_SPEECH} {row.confidence:.2f}",
        "–" if change.share is None else f"{change.share:.3f}",
        before.transcript,
        row.transcript,
    ]
