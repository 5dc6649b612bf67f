"""Measure portfire beside PyTorch, interleaved, and write the table into docs/performance.md."""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm  # type: ignore[import-untyped]  # it has no stubs

from benchmarks import measure, overheads, report
from benchmarks.contestants import ROOT, Contestant
from benchmarks.workloads import ROWS, Row

PAGE = ROOT / "docs" / "performance.md"


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--torch-python",
        default=os.environ.get("TORCH_PYTHON"),
        help="interpreter of an environment with PyTorch and NumPy; or set TORCH_PYTHON",
    )
    parser.add_argument(
        "--rivals-python",
        default=os.environ.get("RIVALS_PYTHON"),
        help="interpreter of an environment with tinygrad or JAX, or both; or set RIVALS_PYTHON",
    )
    parser.add_argument("--rounds", type=int, default=9, help="samples of each contestant")
    parser.add_argument("--seconds", type=float, default=0.12, help="length of a sample")
    parser.add_argument("--rows", nargs="*", default=[], help="only rows with one of these texts")
    parser.add_argument("--gpu", action="store_true", help="PyTorch on CUDA (float32, TF32 off)")
    parser.add_argument("--opencl", default="opencl", help="the OpenCL device, such as opencl:1")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write into")
    return parser


def contestants(torch_python: Path, opencl: str, gpu: bool) -> list[Contestant]:
    """Return who takes part; the reference comes first."""
    ours = Path(sys.executable)
    if gpu:
        return [
            Contestant("torch", torch_python, "torch", "cuda"),
            Contestant(opencl, ours, "portfire", opencl),
        ]
    # On a busy machine threads that wait for each other lose more than they gain.
    alone = {"OMP_NUM_THREADS": "1"}
    return [
        Contestant("torch", torch_python, "torch", "cpu"),
        Contestant("torch, 1 thread", torch_python, "torch", "cpu", alone),
        Contestant("cpu", ours, "portfire", "cpu"),
        Contestant(opencl, ours, "portfire", opencl),
    ]


def rivals(python: Path | None) -> list[Contestant]:
    """Return the other libraries that an environment has; say which do not start, and why."""
    if python is None:
        return []
    known = {"tinygrad": ("tinygrad", "CL"), "jax": ("JAX", "cpu")}
    found = []
    for library, (label, device) in known.items():
        one = Contestant(label, python, library, device)
        try:
            measure.descriptions([one])
        except RuntimeError as error:
            print(f"{label} does not take part: {error}", file=sys.stderr)
        else:
            found.append(one)
    return found


def groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows in parts that share their processes."""
    return [
        list(part) for _, part in itertools.groupby(rows, key=lambda row: row.group or row.name)
    ]


def interpreter(parser: argparse.ArgumentParser, given: str | None, whose: str) -> Path | None:
    """Return the path of an interpreter that was named, or None; ends if it is not there."""
    found = shutil.which(given) if given else None
    if given and found is None:
        parser.error(f"got {given!r} as the interpreter of the environment of {whose}")
    return Path(found) if found else None


def chosen(texts: Sequence[str]) -> list[Row]:
    """Return the rows that are to be measured."""
    return [row for row in ROWS if not texts or any(text in row.name for text in texts)]


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and write the page if all rows were measured."""
    parser = arguments()
    options = parser.parse_args(argv)
    rows = chosen(options.rows)
    torch_python = interpreter(parser, options.torch_python, "PyTorch")
    if torch_python is None:
        parser.error(
            "PyTorch is what portfire is compared with: name the interpreter of its environment "
            "(--torch-python, or TORCH_PYTHON)"
        )
    if not rows:
        parser.error(f"no row has one of the texts {options.rows}")
    everybody = contestants(torch_python, options.opencl, options.gpu)
    others = rivals(interpreter(parser, options.rivals_python, "tinygrad and JAX"))
    everybody += [] if options.gpu else others
    result = report.Report(
        [one.label for one in everybody if one.library == "torch"],
        [one.label for one in everybody if one.library == "portfire"],
        measure.descriptions(everybody),
        f"{options.rounds} rounds of samples of {options.seconds} s",
        [one.label for one in everybody if one.library not in ("torch", "portfire")],
        loads=[os.getloadavg()[0]],
    )
    taking_part = {row: everybody[:1] if row.ceiling else everybody for row in rows}
    total = sum(len(those) + options.rounds for those in taking_part.values())
    with tqdm(total=total, unit=" samples", dynamic_ncols=True) as bar:

        def progress(text: str) -> None:
            bar.set_postfix_str(text)
            bar.update()

        for part in groups(rows):
            those = taking_part[part[0]]
            times = measure.measure(part, those, options.rounds, options.seconds, progress)
            result.rows += times.items()
    plain = [one for one in everybody if not one.environment and one not in others]
    result.overheads = measure.overheads(plain)
    result.imports = overheads.import_times()
    result.loads.append(os.getloadavg()[0])
    text = report.markdown(result)
    print(text)
    if len(rows) == len(ROWS):
        report.write(options.page, "gpu" if options.gpu else "cpu", text)
        print(f"Written into {options.page}.")
    return 1 if any(r.error for _, times in result.rows for r in times.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
