"""Write the sample observations: ``python -m sky.simulate OUTDIR --seed N``."""

from __future__ import annotations

import argparse
import sys

from sky.simulate.output import make_sample


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sky.simulate",
        description="Write simulated HST exposures (FITS, with their truth as JSON beside).",
        epilog="Example: python -m sky.simulate sample/ --seed 7",
    )
    parser.add_argument("outdir", help="folder to write to; made if it is not there")
    parser.add_argument(
        "--seed", type=int, default=20_260, help="the same seed gives the same files (default %(default)s)"
    )
    given = parser.parse_args(arguments)
    if given.seed < 0:
        parser.error("the seed must be 0 or more")
    try:
        paths = make_sample(given.outdir, given.seed)
    except OSError as error:
        print(f"Nothing more could be written to {given.outdir}: {error.strerror}.", file=sys.stderr)
        return 1
    print(f"{len(paths)} exposures are in {given.outdir}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
