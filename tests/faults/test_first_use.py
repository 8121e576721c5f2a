"""Any command may be the first one in a new data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def manage(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    foreign = ("DATABASE_URL", "REDIS_URL", "HUNTER_TEST_DATA_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    command = [sys.executable, "manage.py", *arguments]
    environment |= {"DATA_DIR": str(folder)}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)


def test_it_prepares_the_database_once_and_says_what_is_wrong_in_a_line(tmp_path):
    first = manage(tmp_path / "data", "ingest", str(tmp_path / "absent"))
    assert first.returncode != 0
    assert "first use" in first.stderr
    assert "absent" in first.stderr.splitlines()[-1]
    assert "Traceback" not in first.stderr
    second = manage(tmp_path / "data", "aggregate")
    assert (second.returncode, second.stdout) == (0, "0 classifications counted.\n")
    assert "first use" not in second.stderr
