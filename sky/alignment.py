"""Where the pixels of one picture of the sky lie in another one of the same area, from the corners of both.

For tiles a few hundred pixels wide, taken within one visit, this replaces the full coordinate systems: distortion is
the same for both but for its change over the telescope's small offset.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# The corners of a footprint (`sky.wcs.footprint_deg`), from the middle of a picture whose rows count downwards.
_SIDES = np.array([[-0.5, 0.5], [0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]])


def picture_affines(footprint_deg: ArrayLike, size: tuple[int, int], others_deg: ArrayLike, sizes: ArrayLike) -> Floats:
    """Affine maps from pixels of other pictures to those of one, both counted from the pictures' middles.

    Parameters
    ----------
    footprint_deg : (4, 2) RA and Dec of the picture's corners, degrees, as `sky.wcs.footprint_deg` orders them
    size : its width and height, pixels
    others_deg : (n, 4, 2) footprints of the others
    sizes : (n, 2) widths and heights of the others, pixels

    Returns
    -------
    (n, 6): a, b, c, d, e, f in the order of CSS's ``matrix()``, x' = a x + c y + e, y' = b x + d y + f; x to the right,
    y downwards.
    """
    corners = np.asarray(footprint_deg, dtype=np.float64)
    others = np.asarray(others_deg, dtype=np.float64).reshape(-1, 4, 2)
    planes = _on_plane(np.concatenate([corners[None], others]), corners)
    linear, middle = _fit(planes, np.concatenate([np.asarray([size], float), np.asarray(sizes, float).reshape(-1, 2)]))
    back = np.linalg.inv(linear[0])
    turned = back @ linear[1:]
    shift = (middle[1:] - middle[0]) @ back.T
    return np.stack(
        [turned[:, 0, 0], turned[:, 1, 0], turned[:, 0, 1], turned[:, 1, 1], shift[:, 0], shift[:, 1]], axis=-1
    )


def share_covered(affine: ArrayLike, size: tuple[int, int], other_size: tuple[int, int]) -> float:
    """The share (0 … 1) of a picture that another one covers, where they are hardly turned against each other."""
    a, b, c, d, e, f = np.asarray(affine, dtype=np.float64)
    reach = np.array([abs(a) * other_size[0] + abs(c) * other_size[1], abs(b) * other_size[0] + abs(d) * other_size[1]])
    side = np.asarray(size, dtype=np.float64)
    shared = (side + reach) / 2 - np.abs([e, f])
    return float(np.prod(np.clip(np.minimum(shared, np.minimum(side, reach)), 0, None) / side))


def _on_plane(places_deg: Floats, about: Floats) -> Floats:
    """Gnomonic projection about the mean of some places (Calabretta & Greisen 2002, A&A 395, 1077, 5.1.3)."""
    towards = _directions(about).mean(axis=0)
    towards /= np.linalg.norm(towards)
    east = np.cross([0.0, 0.0, 1.0], towards)
    if np.linalg.norm(east) < 1e-9:  # at a pole any direction will do
        east = np.array([0.0, 1.0, 0.0])
    east /= np.linalg.norm(east)
    north = np.cross(towards, east)
    units = _directions(places_deg)
    depth = np.maximum(units @ towards, 1e-6)
    return np.stack([units @ east / depth, units @ north / depth], axis=-1)


def _directions(places_deg: Floats) -> Floats:
    ra, dec = np.radians(places_deg[..., 0]), np.radians(places_deg[..., 1])
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def _fit(planes: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Least squares through four corners: (n, 2, 2) from pixels to the plane, (n, 2) where the middles are."""
    # The corners are symmetric, so the normal equations are diagonal.
    linear = np.einsum("nki,kj->nij", planes, _SIDES) / sizes[:, None, :]
    return linear, planes.mean(axis=1)
