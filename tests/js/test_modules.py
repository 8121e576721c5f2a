"""The classifier's page names every module that its script imports, so that none waits for another."""

from __future__ import annotations

import re
from pathlib import Path

from classify.views import MODULES

STATIC = Path(__file__).resolve().parents[2] / "static"


def imported(path: Path, seen: set[Path]) -> set[Path]:
    for name in re.findall(r"""^(?:import|export) [^;]*?from "(\.[^"]+)";""", path.read_text(), re.M):
        found = (path.parent / name).resolve()
        if found not in seen:
            seen.add(found)
            imported(found, seen)
    return seen


def test_every_module_of_the_classifier_is_preloaded():
    main = STATIC / "js" / "classify" / "main.js"
    assert {path.relative_to(STATIC).as_posix() for path in imported(main, set())} == set(MODULES)
