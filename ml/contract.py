"""What every model of this installation takes and gives. Training exports it, the registry checks it.

=============== ========== ================= ==================================================================
input           float32    [N, 1, 512, 512]  ``ml.preprocess.network_input``: noise-normalised, asinh-compressed
``heatmap``     float32    [N, 3, 128, 128]  0..1, is there an asteroid (0) or satellite trail (1) or an arc (2)
                                             in this cell
``probabilities`` float32  [N, 4]            0..1, asteroid, satellite, arc, nothing; the first three do not
                                             exclude each other, "nothing" is the product of what they leave
=============== ========== ================= ==================================================================

Models of the first kind know no arcs: heat map [N, 2, 128, 128], probabilities [N, 3]. They go on working, and
the arc's probability of their scores stays empty.

A cell is a square of 4 x 4 pixels; row 0 of the heat map is row 0 of the pixels (the bottom of the sky
picture).
"""

from __future__ import annotations

INPUT_NAME = "pixels"
INPUT_SIZE_PX = 512
STRIDE_PX = 4
HEATMAP_SIZE = INPUT_SIZE_PX // STRIDE_PX
HEATMAP_NAME = "heatmap"
HEATMAP_CLASSES = ("asteroid", "satellite", "arc")
PROBABILITIES_NAME = "probabilities"
PROBABILITIES = (*HEATMAP_CLASSES, "nothing")
MAX_FILE_BYTES = 5 * 1024 * 1024
