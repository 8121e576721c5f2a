"""`python -m benchmarks [NAME…]`: run the benchmarks on servers of their own and print a table.

The machines are shared and noisy: quote the ratios, not the absolute figures.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

NAMES = ("ingest", "classify", "cycle", "scale", "consensus", "scores", "positions", "talk", "peers")


def main() -> int:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(NAMES)}; all unless told")
    wanted = parser.parse_args().names or list(NAMES)
    if unknown := set(wanted) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    folder = Path(tempfile.mkdtemp(prefix="hunter-bench-"))
    os.environ["DATA_DIR"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "hunter.settings"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    for name in ("DATABASE_URL", "REDIS_URL", "PRODUCTION"):
        os.environ.pop(name, None)
    from hunter import embedded, servers

    servers.ensure()
    try:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=["redoc"])
        print(f"{'figure':44} {'value':>10}  {'ratio':>7}  compared to", flush=True)
        for name in wanted:
            for row in importlib.import_module(f"benchmarks.{name}").run():
                value = f"{row['value']:.3g} {row['unit']}"
                print(f"{row['name']:44} {value:>10}  {row['ratio']:6.2f}x  {row['reference']}", flush=True)
    finally:
        embedded.leave(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
