"""The benchmark measures, compares and reports; PyTorch's place is taken by portfire itself."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import measure, overheads, report
from benchmarks.contestants import Contestant, Running
from benchmarks.workloads import ROWS, Row
from tests.conftest import available_devices

PYTHON = Path(sys.executable)


def contestant(device: str, library: str = "portfire") -> Contestant:
    return Contestant(f"{library} on {device}", PYTHON, library, device)


def row(text: str) -> Row:
    return next(row for row in ROWS if text in row.name)


@pytest.mark.parametrize("text", ["batch 32", "matmul 1024"])
def test_a_row_is_measured_by_all_and_their_results_agree(text: str) -> None:
    everybody = [contestant(device) for device in available_devices()]
    told: list[str] = []
    wanted = row(text)
    found = measure.measure([wanted], everybody, rounds=2, seconds=0.01, progress=told.append)
    results = found[wanted]
    assert list(results) == [one.label for one in everybody]
    for result in results.values():
        assert result.error == ""
        assert result.difference <= row(text).tolerance
        assert len(result.wall) == len(result.cpu) == 2
        assert 0 < result.least <= result.median
        assert result.counts["launches"] > 0
        assert result.counts["compiled"] == 0  # nothing is compiled after the first steps
    assert len(told) == len(everybody) + 2


def test_python_time_per_operator_is_measured(device: str) -> None:
    one = contestant(device)
    found = measure.overheads([one])[one.label]
    assert set(found) == {"record", "record with gradient", "backward", "record, run and read"}
    assert all(time > 0 for time in found.values())


def test_import_time_is_measured_in_fresh_processes() -> None:
    assert 0 < overheads.import_seconds(PYTHON, "import json") < 10


def test_a_contestant_that_can_not_start_is_reported_with_what_it_printed() -> None:
    with (
        Running(contestant("abacus")) as process,
        pytest.raises(RuntimeError, match=r"portfire on abacus ended early:(.|\n)*no device type"),
    ):
        process.ask("about")


def test_a_failing_request_is_answered_by_its_error(device: str) -> None:
    with Running(contestant(device)) as process:
        assert (
            "RuntimeError: the request `prepare` comes first"
            in process.ask("sample", steps=1)["error"]
        )


@pytest.mark.parametrize("wrong", [1.5, math.nan])
def test_other_results_than_the_references_are_an_error(wrong: float) -> None:
    reference = measure.Result(values=[[1.0, 2.0]])
    other = measure.Result(values=[[1.0, wrong]])
    measure.compare(row("matmul 1024"), [reference, other])
    assert reference.error == ""
    assert other.error.startswith("other results than the reference's")


def example_report() -> report.Report:
    result = report.Report(["torch"], ["cpu", "opencl"], {"torch": "PyTorch"}, "1 round", loads=[1])
    times = {"torch": 0.004, "cpu": 0.008, "opencl": 0.002}
    for one in (row("copy"), row("batch 32")):
        labels = ["torch"] if one.ceiling else list(times)
        result.rows.append((one, {l: measure.Result([times[l]], [times[l]]) for l in labels}))
    return result


def test_the_report_has_times_ratios_and_what_went_wrong() -> None:
    whole = example_report()
    whole.rows[1][1]["cpu"].error = "other results"
    text = report.markdown(whole)
    assert "| 4.00 (4.00) | 8.00 (8.00) | 2.00 (2.00) | **0.50** (0.50) | **2.00** (2.00) |" in text
    assert "memory 128.0 GB/s" in text
    assert "copy 64M" not in text  # it is about the machine, not about a library
    assert "- MLP 784-256-256-10, Adam, batch 32, cpu: other results" in text


def test_the_report_has_the_other_libraries_in_a_table_of_their_own() -> None:
    whole = example_report()
    whole.rivals = ["JAX"]
    whole.rows[1][1]["JAX"] = measure.Result([0.005], [0.005])
    text = report.markdown(whole)
    assert "| workload | JAX | opencl | JAX / opencl |" in text
    assert "| 5.00 | 2.00 | **2.50** |" in text
    assert "copy 64M" not in text


def test_a_row_without_a_text_is_not_measured_and_not_wrong() -> None:
    wanted = row("matmul 1024")
    results = [measure.Result(values=[[1.0]]), measure.Result()]
    measure.compare(wanted, results)
    assert [result.error for result in results] == ["", ""]


def test_rows_of_a_group_share_their_processes() -> None:
    parts = command.groups(ROWS)
    assert [r for part in parts for r in part] == list(ROWS)
    assert all(len(part) == 1 or len({r.group for r in part}) == 1 for part in parts)
    assert len(parts) < len(ROWS)


def test_the_report_goes_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- measured: cpu -->\nold\n<!-- end: cpu -->\nb\n", encoding="utf-8")
    report.write(page, "cpu", "new")
    written = page.read_text(encoding="utf-8")
    assert written == "a\n<!-- measured: cpu -->\n\nnew\n<!-- end: cpu -->\nb\n"
    with pytest.raises(ValueError, match="has no section marked by <!-- measured: gpu -->"):
        report.write(page, "gpu", "new")


def test_the_page_in_docs_has_the_sections() -> None:
    text = command.PAGE.read_text(encoding="utf-8")
    for section in ("cpu", "gpu"):
        assert f"<!-- measured: {section} -->\n" in text
        assert f"<!-- end: {section} -->\n" in text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--torch-python", "/nowhere/python"], "got '/nowhere/python' as the interpreter"),
        ([], "PyTorch is what portfire is compared with"),
        (["--torch-python", str(PYTHON), "--rows", "abacus"], "no row has one of the texts"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(
    options: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TORCH_PYTHON", raising=False)
    with pytest.raises(SystemExit, match="2"):
        command.main(options)
    assert sentence in capsys.readouterr().err
