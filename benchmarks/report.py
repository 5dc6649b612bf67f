"""From results to Markdown, and into the page."""

from __future__ import annotations

import datetime
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import Result
from benchmarks.workloads import GIGA, Row

MISSING = "-"


@dataclass
class Report:
    """All that one run of the benchmark has found."""

    references: Sequence[str]
    ours: Sequence[str]
    descriptions: dict[str, str]
    options: str
    rivals: Sequence[str] = ()
    rows: list[tuple[Row, dict[str, Result]]] = field(default_factory=list)
    overheads: dict[str, dict[str, float]] = field(default_factory=dict)
    imports: dict[str, float] = field(default_factory=dict)
    loads: list[float] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """Those of the main tables, the references first."""
        return [*self.references, *self.ours]


def markdown(report: Report) -> str:
    """Return the whole report as Markdown."""
    imports = "; ".join(f"{name} {seconds * 1e3:.0f}" for name, seconds in report.imports.items())
    parts = [
        about(report),
        "**Wall time** of a step in ms: median (minimum) over the rounds. A ratio is the time of "
        "the faster PyTorch column over portfire's, of medians (of minima): above 1, portfire is "
        "ahead.",
        wall_table(report),
        *rival_part(report),
        "**CPU time** of a step in ms, all threads, medians, with ratios likewise; a busy neighbor "
        "disturbs it less than wall time.",
        cpu_table(report),
        "**Calls** are kernel launches on OpenCL and NumPy calls on the CPU, per step. *First* is "
        "the first step in a fresh process, in seconds, with the caches on disk as they were; "
        "*difference* is the largest between results and PyTorch's, relative to 1 + the value.",
        call_table(report),
        "**Python**, microseconds per operator on 4 elements (chains of 1,000 adds, medians). "
        "portfire records and computes later, PyTorch computes at once.",
        overhead_table(report),
        f"**Import**, milliseconds beyond NumPy's, medians of fresh processes: {imports}.",
    ]
    errors = [
        f"- {row.name}, {label}: {result.error}"
        for row, results in report.rows
        for label, result in results.items()
        if result.error
    ]
    if errors:
        parts += ["**Not measured or not right:**", "\n".join(errors)]
    return "\n\n".join(parts) + "\n"


def about(report: Report) -> str:
    """Return when, where and with what it was measured, and the machine's ceilings."""
    day = datetime.datetime.now(tz=datetime.timezone.utc).strftime("%Y-%m-%d")
    loads = ", ".join(f"{load:.1f}" for load in report.loads)
    lines = [
        f"Measured on {day} ({report.options}): {processor()}, {os.cpu_count()} logical cores, "
        f"{platform.system()}; load average at the start and the end: {loads}.",
        "",
    ]
    lines += [f"- **{label}**: {text}" for label, text in report.descriptions.items()]
    memory, arithmetic = ceilings(report)
    lines.append(
        f"- **ceilings, the best of this run**: memory {memory / GIGA:.1f} GB/s, "
        f"float32 matrix products {arithmetic / GIGA:.0f} GFLOP/s"
    )
    return "\n".join(lines)


def ceilings(report: Report) -> tuple[float, float]:
    """Return the best bytes per second and floating-point operations per second seen."""
    seen = [
        ((row.nbytes or 0.0) / result.least, (row.flops or 0.0) / result.least)
        for row, results in report.rows
        for result in results.values()
        if result.wall
    ]
    return max((b for b, _ in seen), default=0.0), max((f for _, f in seen), default=0.0)


def wall_table(report: Report) -> str:
    """Return the table of wall times and ratios."""
    limits = ceilings(report)
    head = ["workload", *report.labels, *(f"torch / {o}" for o in report.ours), "of ceiling"]
    lines = []
    for row, results in compared(report):
        cells = [f"{ms(results[o].median)} ({ms(results[o].least)})" for o in report.labels]
        medians = min(results[label].median for label in report.references)
        minima = min(results[label].least for label in report.references)
        for own in (results[label] for label in report.ours):
            cells.append(f"**{ratio(medians, own.median)}** ({ratio(minima, own.least)})")
        best = results[report.ours[-1]].least
        work = (row.nbytes, row.flops)
        shares = [(w or 0.0) / best / limit for w, limit in zip(work, limits, strict=True) if limit]
        share = max(shares, default=0.0)
        cells.append(f"{share:.0%}" if share > 0 else MISSING)
        lines.append([row.name, *cells])
    return table(head, lines)


def rival_part(report: Report) -> list[str]:
    """Return the paragraph and the table of the other libraries, if any took part."""
    if not report.rivals:
        return []
    own = report.ours[-1]
    head = ["workload", *report.rivals, own, *(f"{rival} / {own}" for rival in report.rivals)]
    lines = []
    for row, results in compared(report):
        others = [results[rival] for rival in report.rivals]
        if not any(other.wall for other in others):
            continue
        base = results[own].median
        cells = [ms(result.median) for result in (*others, results[own])]
        cells += [f"**{ratio(other.median, base)}**" for other in others]
        lines.append([row.name, *cells])
    return [
        f"**Other libraries**, wall time of a step in ms, medians of the same rounds; a ratio "
        f"above 1 means that portfire on {own} is ahead. Rows that they have no text for are left "
        "out.",
        table(head, lines),
    ]


def cpu_table(report: Report) -> str:
    """Return the table of CPU times and ratios."""
    head = ["workload", *report.labels, *(f"torch / {own}" for own in report.ours)]
    lines = []
    for row, results in compared(report):
        base = min(results[label].cpu_median for label in report.references)
        cells = [ms(results[label].cpu_median) for label in report.labels]
        cells += [f"**{ratio(base, results[own].cpu_median)}**" for own in report.ours]
        lines.append([row.name, *cells])
    return table(head, lines)


def call_table(report: Report) -> str:
    """Return the table of calls, first steps and differences."""
    head = ["workload", *(f"calls, {own}" for own in report.ours)]
    head += [f"first, {label}" for label in report.labels]
    head += [f"difference, {own}" for own in report.ours]
    lines = []
    for row, results in compared(report):
        cells = [str(results[own].counts.get("launches", MISSING)) for own in report.ours]
        cells += [number(results[label].first) for label in report.labels]
        cells += [f"{results[own].difference:.0e}".replace("nan", MISSING) for own in report.ours]
        lines.append([row.name, *cells])
    return table(head, lines)


def compared(report: Report) -> list[tuple[Row, dict[str, Result]]]:
    """Return the rows that compare libraries, without those about the machine itself."""
    return [(row, results) for row, results in report.rows if not row.ceiling]


def overhead_table(report: Report) -> str:
    """Return the table of Python time per operator."""
    names = list(next(iter(report.overheads.values()), {}))
    lines = [
        [name, *(number(report.overheads[label][name]) for label in report.overheads)]
        for name in names
    ]
    return table(["per operator", *report.overheads], lines)


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *lines])


def ms(seconds: float) -> str:
    """Return seconds as milliseconds."""
    return number(seconds * 1e3)


def ratio(base: float, other: float) -> str:
    """Return how many times longer the base takes."""
    return f"{base / other:.2f}" if base > 0 and other > 0 else MISSING


def number(value: float) -> str:
    """Return a number with three digits that mean something."""
    if math.isnan(value):
        return MISSING
    digits = 2 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{value:.{min(max(digits, 0), 3)}f}"


def processor() -> str:
    """Return the name of the processor."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write(page: Path, section: str, text: str) -> None:
    """Put a report between the marks of its section of a page.

    Raises:
        ValueError: if the page lacks the marks.
    """
    begin, end = f"<!-- measured: {section} -->\n", f"<!-- end: {section} -->\n"
    old = page.read_text(encoding="utf-8")
    if begin not in old or end not in old:
        raise ValueError(f"{page} has no section marked by {begin.strip()} and {end.strip()}")
    head, _, rest = old.partition(begin)
    tail = rest.partition(end)[2]
    page.write_text(f"{head}{begin}\n{text}\n{end}{tail}", encoding="utf-8")
