"""Which exposures show the same piece of sky, so that a split by field leaks nothing. Pure numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def sky_fields(
    ids: Sequence[int], ra_deg: ArrayLike, dec_deg: ArrayLike, radius_deg: ArrayLike, visits: Sequence[str]
) -> NDArray[np.int64]:
    """One number per exposure, the same for all that overlap on the sky or are of one visit, directly or by others.

    Parameters
    ----------
    ids : (n,) what the numbers are taken from: a field has the smallest of its exposures
    ra_deg, dec_deg : (n,) middles, degrees
    radius_deg : (n,) of circles that hold the exposures; two overlap where their circles do
    visits : (n,) names
    """
    number = np.asarray(ids, dtype=np.int64)
    if not number.size:
        return number
    ra, dec = np.radians(np.asarray(ra_deg, dtype=float)), np.radians(np.asarray(dec_deg, dtype=float))
    radius = np.radians(np.asarray(radius_deg, dtype=float))
    towards = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)
    one, two = [], []
    for i in range(number.size):  # a row at a time: all pairs at once would not fit where there are many
        # The chord keeps small angles exact, where the cosine would not.
        apart = 2 * np.arcsin(np.minimum(1.0, np.linalg.norm(towards[i:] - towards[i], axis=1) / 2))
        near = i + np.flatnonzero(apart <= radius[i:] + radius[i])
        one.append(np.full(near.size, i))
        two.append(near)
    first_of: dict[str, int] = {}
    same_visit = [(i, first_of.setdefault(visit, i)) for i, visit in enumerate(visits)]
    rows = np.concatenate([*one, np.array([i for i, _ in same_visit])])
    columns = np.concatenate([*two, np.array([i for _, i in same_visit])])
    graph = coo_array((np.ones(rows.size, bool), (rows, columns)), shape=(number.size, number.size))
    _, part = connected_components(graph, directed=False)
    smallest = np.full(part.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, part, number)
    return np.asarray(smallest[part])
