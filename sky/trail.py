"""Trails in an image: find them, measure them, trace them to their noise, tell whether two are one.

This is the door; the work is done in ``trail_find``, ``trail_measure``, ``trail_centre`` and ``trail_geometry``.
"""

from sky.trail_centre import CentreLine, trace_centre
from sky.trail_find import find_trails
from sky.trail_geometry import Trail, same_trail
from sky.trail_measure import measure_trail

__all__ = ["CentreLine", "Trail", "find_trails", "measure_trail", "same_trail", "trace_centre"]
