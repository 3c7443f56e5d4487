"""Numbers on an axis: where they lie, and which of them are written. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high`; by powers of two where it is logarithmic, of numbers above 0 alone."""

    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high one; a single value stands in the middle, 0 labels stand at the low end."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = (math.log2(each) for each in (low, high, max(value, low)))
        return (value - low) / (high - low) if high > low else 0.5


def scale_of(values: Sequence[float], *, zero: bool = False, logarithmic: bool = False) -> Scale:
    """A scale that has all values, a logarithmic one all above 0; `zero`: it begins there."""
    values = [value for value in values if value > 0] if logarithmic else values
    if not values:
        return Scale(1.0, 2.0, True) if logarithmic else Scale()
    low, high = min(values), max(values)
    if zero:
        low = min(low, 0.0)
    if not logarithmic and high == low:
        low, high = (0.0, 1.0) if high == 0 else (low - abs(low) / 2, high + abs(high) / 2)
    return Scale(low, high, logarithmic)


def round_outwards(scale: Scale, most: int) -> Scale:
    """The scale from a tick to a tick."""
    step = _step(scale, most)
    return Scale(math.floor(scale.low / step + 1e-9) * step, math.ceil(scale.high / step - 1e-9) * step)


def ticks(scale: Scale, most: int) -> list[float]:
    """Round numbers on a linear scale, no more than so many."""
    step = _step(scale, most)
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _step(scale: Scale, most: int) -> float:
    """1, 2 or 5 times a power of ten."""
    least = max(scale.high - scale.low, 1e-12) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10, 20) if factor * power >= least * (1 - 1e-9))


def tick_text(value: float, step: float) -> str:
    """With as many decimals as the step has."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return f"{value:,.{decimals}f}" if value or not decimals else f"{0:.{decimals}f}"
