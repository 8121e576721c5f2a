"""When a search will be done, said no more exactly than the pace of the last days allows. Free of Django."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

DAYS_AT_LEAST = 3
CENTURY_DAYS = 36_525.0
# Student's t for a two-sided 90 % interval, by degrees of freedom; beyond the table the normal's 1.645 and a bit.
T_90 = {2: 2.920, 3: 2.353, 4: 2.132, 5: 2.015, 6: 1.943, 7: 1.895, 8: 1.860, 9: 1.833, 10: 1.812, 11: 1.796,
        12: 1.782, 13: 1.771}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Completion:
    """In how many days from now all is done, 90 % interval; ``most_days`` None: no upper end can be said."""

    per_day: float
    least_days: float
    most_days: float | None


def completion(ended_per_day: Sequence[int], remaining: int) -> Completion | None:
    """An interval for the days it takes to end ``remaining`` more; None without a pace to go by, or nothing to do.

    ``ended_per_day`` are whole days, one after the other. The time is remaining / pace. Its relative variance has two
    parts: the pace's own, max(s^2 / n, N / n^2) / pace^2 (never less than counting N events allows), and that of the
    days to come, max(s^2, pace) T / remaining^2. The interval is T / (1 ± t sqrt(variance)).
    """
    n, total = len(ended_per_day), sum(ended_per_day)
    if n < DAYS_AT_LEAST or total <= 0 or remaining <= 0:
        return None
    pace = total / n
    spread = sum((day - pace) ** 2 for day in ended_per_day) / (n - 1)
    days = remaining / pace
    of_pace = max(spread / n, total / n**2) / pace**2
    of_future = max(spread, pace) * days / remaining**2
    swing = T_90.get(n - 1, 1.75) * math.sqrt(of_pace + of_future)
    most = days / (1 - swing) if swing < 1 else math.inf
    return Completion(pace, min(days / (1 + swing), CENTURY_DAYS), most if most <= CENTURY_DAYS else None)
