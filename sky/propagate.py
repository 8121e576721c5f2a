"""Carry asteroids through years under the pull of the Sun and the planets.

`Journey` goes by steps of days along ellipses, nudged by the planets before, amid and after each: a
Wisdom-Holman map (1991) of fourth order in the step (SBAB2 of Laskar and Robutel 2001). Whatever comes near a
planet or the Sun is carried past it by `carry`, an ordinary integration of high order whose steps are as short as
each object needs (Dormand and Prince 8(5,3), Hairer et al. 1993). States are arrays (6, n) as in
:mod:`sky.kepler`; times are MJD TDB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import DOP853

from sky.kepler import two_body
from sky.planets import EARTH, GM, GM_SUN, MOON, SUN, Planets

Floats = NDArray[np.float64]
LIGHT_AU_PER_DAY = 173.144_632_674_240_3
FINE_STEP_DAYS = 8.0
"""Of the map where positions are published: a few milliarcseconds after 20 years."""
COARSE_STEP_DAYS = 16.0
"""Of the map where only a field is searched: 0.05 arcseconds after 20 years."""
CLOSE_STEP_DAYS = 4.0
"""Of the map for orbits that may come near a planet."""
QUIET_PERIHELION_AU, QUIET_APHELION_AU = 1.75, 4.3
"""Orbits between these never come near a planet: Mars goes out to 1.67 au, Jupiter comes in to 4.95."""
CLOSE_AU = np.array([0.15, 0.15, 0.2, 0.05, 1.2, 1.0, 0.5, 0.5, 0.5])
"""How near Mercury ... Neptune (the Earth with the Moon), and the Sun, `carry` takes over."""
TOLERANCE_AU = 3e-13
"""Largest error of one step of `carry`: 0.00003 mas at 1 au... but thousands of them add up."""
FIRST_STEP_DAYS = 32.0
SHORTEST_STEP_DAYS = 1e-4
"""An object that needs shorter steps than 9 seconds is falling into a planet; its error no longer matters."""
STEP_OVER_FALL = 0.45
"""Longest step in units of the time to fall round the nearest body; longer ones are not even tried."""
MEET_DAYS = 32.0
"""Between the dates at which objects of different epochs are brought together."""
BLOCK = 2048
"""Objects at once: their working arrays stay in the processor's second cache."""
_GM_BARYCENTRES = np.concatenate([GM[:EARTH], [GM[EARTH] + GM[MOON]], GM[MOON + 1 :]])


def pull(position: Floats, places: Floats, gm: Floats) -> Floats:
    """Accelerations (3, n), au/day^2, by planets at ``places`` (k, 3), relative to the Sun, which they pull as well."""
    apart = places[:, :, None] - position
    squared = np.einsum("kin,kin->kn", apart, apart)
    total = np.einsum("kn,kin->in", gm[:, None] / (squared * np.sqrt(squared)), apart)
    squared_sun = np.einsum("ki,ki->k", places, places)
    total -= ((gm / (squared_sun * np.sqrt(squared_sun))) @ places)[:, None]
    return np.asarray(total)


def relativity(state: Floats) -> Floats:
    """Accelerations (3, n) that general relativity adds to the Sun's pull (first post-Newtonian term)."""
    position, velocity = state[:3], state[3:]
    r = np.sqrt(np.einsum("kn,kn->n", position, position))
    speed_squared = np.einsum("kn,kn->n", velocity, velocity)
    radial = np.einsum("kn,kn->n", position, velocity)
    scale = GM_SUN / (LIGHT_AU_PER_DAY**2 * r**3)
    return np.asarray((scale * (4 * GM_SUN / r - speed_squared)) * position + (4 * scale * radial) * velocity)


def is_quiet(state: Floats) -> NDArray[np.bool_]:
    """Which of the objects (6, n) never come near a planet: between 1.75 and 4.3 au from the Sun, always."""
    position, velocity = state[:3], state[3:]
    inverse = 2 / np.sqrt(np.sum(position**2, axis=0)) - np.sum(velocity**2, axis=0) / GM_SUN
    momentum = np.sum(np.cross(position, velocity, axis=0) ** 2, axis=0) / GM_SUN
    eccentricity = np.sqrt(np.maximum(1 - momentum * inverse, 0))
    perihelion = momentum / (1 + eccentricity)
    bound = eccentricity < 1
    aphelion = momentum / np.where(bound, 1 - eccentricity, np.inf)
    return np.asarray(bound & (perihelion >= QUIET_PERIHELION_AU) & (aphelion <= QUIET_APHELION_AU), dtype=np.bool_)


# --- The map -----------------------------------------------------------------------------------------------------
class Journey:
    """Objects under way: `to` moves all of them to another time, as often as wanted, forth or back."""

    def __init__(self, state: Floats, mjd_tdb: float, planets: Planets, step_days: float = FINE_STEP_DAYS) -> None:
        self.mjd_tdb = mjd_tdb
        self._planets, self._step_days = planets, step_days
        quiet = is_quiet(state)
        self._quiet, self._loud = np.flatnonzero(quiet), np.flatnonzero(~quiet)
        self._calm, self._wild = np.array(state[:, self._quiet]), np.array(state[:, self._loud])

    @property
    def state(self) -> Floats:
        """States (6, n) of the objects at ``mjd_tdb``, in the order they were given."""
        state = np.empty((6, len(self._quiet) + len(self._loud)))
        state[:, self._quiet], state[:, self._loud] = self._calm, self._wild
        return state

    def to(self, mjd_tdb: float) -> Floats:
        """Move all objects to a time; their states (6, n) then."""
        if len(self._quiet):
            self._calm = _mapped(self._calm, self.mjd_tdb, mjd_tdb, self._planets, self._step_days)
        if len(self._loud):
            for low, high in _steps(self.mjd_tdb, mjd_tdb, 4 * CLOSE_STEP_DAYS):
                self._wild = _past_planets(self._wild, low, high, self._planets)
        self.mjd_tdb = mjd_tdb
        return self.state


def together(state: Floats, epoch: Floats, planets: Planets, step_days: float) -> tuple[Floats, float]:
    """Objects of many epochs (n,) at one time, the latest epoch or up to `MEET_DAYS` after it: (states, that time).

    First each goes to the next of common dates a month apart, as there may be thousands of epochs; then date by date.
    """
    if len(np.unique(epoch)) == 1:
        return state, float(epoch[0])
    meet = np.ceil(epoch / MEET_DAYS) * MEET_DAYS
    gathered = np.empty_like(state)
    for one in np.unique(epoch):
        of_epoch = epoch == one
        journey = Journey(state[:, of_epoch], float(one), planets, step_days)
        gathered[:, of_epoch] = journey.to(float(meet[of_epoch][0]))
    dates = np.unique(meet)
    for here, there in zip(dates[:-1], dates[1:], strict=True):
        under_way = np.flatnonzero(meet <= here)
        journey = Journey(gathered[:, under_way], float(here), planets, step_days)
        gathered[:, under_way] = journey.to(float(there))
    return gathered, float(dates[-1])


def _steps(start: float, end: float, longest: float) -> list[tuple[float, float]]:
    edges = np.linspace(start, end, int(np.ceil(abs(end - start) / longest)) + 1)
    return [(float(low), float(high)) for low, high in zip(edges[:-1], edges[1:], strict=True)]


def _mapped(state: Floats, start: float, end: float, planets: Planets, longest: float) -> Floats:
    """States after equal steps of the map, none longer than ``longest`` days."""
    if start == end:
        return state
    state = state.copy()
    kick = _nudge(state, start, planets)
    for low, high in _steps(start, end, longest):
        step = high - low
        state[3:] += (step / 6) * kick
        state = two_body(state, step / 2)
        state[3:] += (2 * step / 3) * _nudge(state, low + step / 2, planets)
        state = two_body(state, step / 2)
        kick = _nudge(state, high, planets)
        state[3:] += (step / 6) * kick
    return state


def _nudge(state: Floats, time: float, planets: Planets) -> Floats:
    return pull(state[:3], _barycentres(planets.positions(time)), _GM_BARYCENTRES) + relativity(state)


def _barycentres(places: Floats) -> Floats:
    """Places (8, 3) of the planets with the Earth and the Moon as one: their month is short for steps of days."""
    share = GM[MOON] / (GM[EARTH] + GM[MOON])
    both = places[EARTH] + share * (places[MOON] - places[EARTH])
    return np.concatenate([places[:EARTH], both[None], places[MOON + 1 : SUN]])


def _past_planets(state: Floats, start: float, end: float, planets: Planets) -> Floats:
    """States after one step of days: by the map, except for what is near a planet or the Sun meanwhile."""
    near = _comes_near(state, start, end, planets)
    moved = np.empty_like(state)
    if near.any():
        moved[:, near] = carry(state[:, near], start, end, planets)
    if not near.all():
        moved[:, ~near] = _mapped(state[:, ~near], start, end, planets, CLOSE_STEP_DAYS)
    return moved


def _comes_near(state: Floats, start: float, end: float, planets: Planets) -> NDArray[np.bool_]:
    """Which objects (n,) are within `CLOSE_AU` of a body on the straight way between two times."""
    first, last = state[:3], two_body(state, end - start)[:3]
    origin = np.zeros((1, 3))
    before = np.concatenate([_barycentres(planets.positions(start)), origin])
    after = np.concatenate([_barycentres(planets.positions(end)), origin])
    near = np.zeros(state.shape[1], dtype=np.bool_)
    for here, there, limit in zip(before, after, CLOSE_AU, strict=True):
        apart = first - here[:, None]
        way = last - there[:, None] - apart
        along = np.einsum("kn,kn->n", apart, way) / np.maximum(np.einsum("kn,kn->n", way, way), 1e-30)
        apart += way * np.clip(-along, 0, 1)
        near |= np.einsum("kn,kn->n", apart, apart) < limit**2
    return near


# --- Steps as short as needed ----------------------------------------------------------------------------------
def carry(state: Floats, start: float, end: float, planets: Planets) -> Floats:
    """States (6, n) at another time, each object by steps of its own: within a few milliarcseconds over decades."""
    moved = np.array(state, dtype=np.float64)
    for first in range(0, moved.shape[1], BLOCK):
        block = slice(first, first + BLOCK)
        moved[:, block] = _carry_block(moved[:, block], start, end, planets)
    return moved


def _carry_block(state: Floats, start: float, end: float, planets: Planets) -> Floats:
    whole = abs(end - start)
    if whole == 0 or state.shape[1] == 0:
        return state
    count = int(np.ceil(whole / FIRST_STEP_DAYS))
    edges = np.linspace(start, end, count + 1)
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        state = _advance(state, float(low), float(high), planets)
    return state


def _advance(state: Floats, start: float, end: float, planets: Planets) -> Floats:
    """One step for the objects that it is short enough for, two halves for the others, and so on."""
    step = end - start
    places = planets.positions(start)[:SUN]
    short = np.abs(step) < STEP_OVER_FALL * _fall_days(state, places)
    if abs(step) < 2 * SHORTEST_STEP_DAYS:
        short[:] = True
    moved = np.empty_like(state)
    if short.any():
        chosen = np.flatnonzero(short)
        after, error = _step(state[:, chosen], start, step, planets)
        good = (error < TOLERANCE_AU) | (abs(step) < 2 * SHORTEST_STEP_DAYS)
        moved[:, chosen[good]] = after[:, good]
        short[chosen[~good]] = False
    if not short.all():
        rest = ~short
        middle = start + 0.5 * step
        halfway = _advance(state[:, rest], start, middle, planets)
        moved[:, rest] = _advance(halfway, middle, end, planets)
    return moved


def _fall_days(state: Floats, places: Floats) -> Floats:
    """The time scale (n,) on which the pull of the nearest body changes: sqrt(d^3 / GM), the least of all."""
    position = state[:3]
    fall = np.einsum("kn,kn->n", position, position) ** 1.5 / GM_SUN
    for place, mass in zip(places, GM, strict=True):
        apart = place[:, None] - position
        np.minimum(fall, np.einsum("kn,kn->n", apart, apart) ** 1.5 / mass, out=fall)
    return np.asarray(np.sqrt(fall))


def _step(state: Floats, start: float, step: float, planets: Planets) -> tuple[Floats, Floats]:
    """One step of DOP853: states after it, and the error of their positions as its fifth order sees it, (n,)."""
    rates = np.empty((DOP853.n_stages + 1, *state.shape))
    rates[0] = _rates(state, start, planets)
    for stage in range(1, DOP853.n_stages):
        inner = state + step * np.tensordot(DOP853.A[stage, :stage], rates[:stage], axes=1)
        rates[stage] = _rates(inner, start + float(DOP853.C[stage]) * step, planets)
    after = state + step * np.tensordot(DOP853.B, rates[:-1], axes=1)
    rates[-1] = _rates(after, start + step, planets)
    fifth = np.tensordot(DOP853.E5, rates[:, :3], axes=1)
    third = np.tensordot(DOP853.E3, rates[:, :3], axes=1)
    fifth, third = (np.einsum("kn,kn->n", error, error) for error in (fifth, third))
    both = fifth + 0.01 * third
    return after, np.abs(step) * fifth / np.sqrt(np.where(both > 0, both, 1.0))


def _rates(state: Floats, time: float, planets: Planets) -> Floats:
    position = state[:3]
    rates = np.empty_like(state)
    rates[:3] = state[3:]
    squared = np.einsum("kn,kn->n", position, position)
    rates[3:] = pull(position, planets.positions(time)[:SUN], GM) + relativity(state)
    rates[3:] -= position * (GM_SUN / (squared * np.sqrt(squared)))
    return rates
