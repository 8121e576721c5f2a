"""Other people's files are exactly those that were taken in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "static/vendor/vendor.lock"


def test_it_finds_every_vendored_file_unchanged_and_no_other() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    recorded = {name: digest for package in packages for name, digest in package["files"].items()}
    found = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in recorded}
    assert found == recorded
    vendored = {str(path.relative_to(ROOT)) for path in LOCK.parent.rglob("*") if path.is_file() and path != LOCK}
    assert vendored == {name for name in recorded if name.startswith("static/vendor/")}


def test_it_keeps_a_licence_beside_each_package() -> None:
    for package in json.loads(LOCK.read_text())["packages"]:
        assert any("LICENSE" in name for name in package["files"]), package["package"]
