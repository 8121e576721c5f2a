"""House rules that no linter knows: file lengths, templates, the documentation's links and completeness.

Run by ``make lint``; prints each breach and exits with 1.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 350
INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|\sstyle=\"|\son[a-z]+=\"|=\"javascript:", re.I)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository, and those not yet added but not ignored either."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for line in listing.stdout.splitlines() if (path := ROOT / line).is_file()]


def long_files() -> Iterator[str]:
    """No file of code is so long that nobody reads it whole."""
    for path in tracked("*.py", "*.js", "*.css", "*.html"):
        if "vendor" in path.parts or "migrations" in path.parts or path.name == "axe.min.js":
            continue
        lines = path.read_text().count("\n")
        if lines > LONGEST:
            yield f"{path.relative_to(ROOT)}: {lines} lines, more than {LONGEST}"


def inline_code() -> Iterator[str]:
    """The content security policy is strict: no inline script, style or handler in any template."""
    for path in tracked("templates/*.html", "*/templates/*.html"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if INLINE.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: inline script or style: {line.strip()[:80]}"


def broken_links() -> Iterator[str]:
    """Relative links in the documentation lead somewhere."""
    for path in tracked("*.md"):
        for target in LINK.findall(path.read_text()):
            if not (path.parent / target).exists():
                yield f"{path.relative_to(ROOT)}: broken link {target}"


def undocumented() -> Iterator[str]:
    """Every command and every setting is in the reference."""
    reference = "\n".join(path.read_text() for path in tracked("docs/reference/*.md"))
    for path in tracked("*/management/commands/*.py"):
        if path.stem != "__init__" and f"manage.py {path.stem}" not in reference:
            yield f"docs/reference: the command {path.stem} is not documented"
    for name in sorted(set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "hunter/settings.py").read_text()))):
        if f"`{name}`" not in reference:
            yield f"docs/reference: the setting {name} is not documented"


def main() -> int:
    """Print every breach."""
    checks = (long_files, inline_code, broken_links, undocumented)
    breaches = [breach for check in checks for breach in check()]
    print("\n".join(breaches) if breaches else "The house is in order.")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
