"""Blind second opinions: when verdicts of several people decide, and how far people agree. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

REOPEN = "reopen"
MOST_PEOPLE = 3


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person says a candidate is."""

    person: int
    verdict: str
    trail_class: str
    grade: str = ""


def opinions_now(said: Iterable[Opinion]) -> list[Opinion]:
    """The opinions that count of all that was said, oldest first: of each person the last since a reopening.

    They stand in the order in which they were given.
    """
    of: dict[int, Opinion] = {}
    for opinion in said:
        if opinion.verdict == REOPEN:
            of = {}
        else:
            of.pop(opinion.person, None)
            of[opinion.person] = opinion
    return list(of.values())


def decided(opinions: Sequence[Opinion], *, needed: int) -> Opinion | None:
    """The opinion that decides, or None while more are needed.

    One needed: the last. Two needed: what two people say alike, verdict and class. Where the first two differ a third
    decides: the verdict of two of the three, with the class that two of them share, else that of the last of the two.
    """
    if needed <= 1:
        return opinions[-1] if opinions else None
    if len(opinions) < needed:
        return None
    (same, count), *_ = Counter((one.verdict, one.trail_class) for one in opinions).most_common(1)
    if count >= needed:
        return next(one for one in reversed(opinions) if (one.verdict, one.trail_class) == same)
    if len(opinions) < MOST_PEOPLE:
        return None
    (verdict, _), *_ = Counter(one.verdict for one in opinions).most_common(1)
    return next(one for one in reversed(opinions) if one.verdict == verdict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agree beyond chance: Cohen's kappa with its 95 % interval (None: too few, or no variety)."""

    pairs: int
    agreed: int
    kappa: float | None
    low: float | None = None
    high: float | None = None


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Cohen's kappa of pairs of independent answers to the same question.

    Source: Cohen 1960 (Educational and Psychological Measurement 20, 37); the large-sample error is his equation 7.
    """
    n = len(pairs)
    agreed = sum(first == second for first, second in pairs)
    if not n:
        return Agreement(0, 0, None)
    firsts, seconds = (Counter(pair[index] for pair in pairs) for index in (0, 1))
    observed = agreed / n
    by_chance = sum(firsts[answer] * seconds[answer] for answer in firsts) / n**2
    if by_chance >= 1:
        return Agreement(n, agreed, None)
    kappa = (observed - by_chance) / (1 - by_chance)
    error = math.sqrt(observed * (1 - observed) / (n * (1 - by_chance) ** 2))
    return Agreement(n, agreed, kappa, max(-1.0, kappa - 1.96 * error), min(1.0, kappa + 1.96 * error))
