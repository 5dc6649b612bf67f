"""Every Python block in README.md and in docs runs, and prints what the page says it prints.

The blocks of a page share one namespace and run in order. A block that starts with ``>>>`` is a
doctest; any other is executed as it stands. A block of another language is not run.
"""

from __future__ import annotations

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
PACKAGE_PAGES = sorted(ROOT.glob("packages/*/README.md"))
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^]]+\]\(([^)#]+)(?:#[^)]*)?\)")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """One fenced block, and the line of the page that it starts on."""

    text: str
    line: int


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        yield Block(match.group(1), text.count("\n", 0, match.start(1)))


def run_doctest(block: Block, page: Path, namespace: dict[str, Any]) -> None:
    """Run a block of prompts and answers; fail with doctest's own report."""
    parser = doctest.DocTestParser()
    test = parser.get_doctest(block.text, namespace, name_of(page), str(page), block.line)
    test.globs = namespace  # the parser copies it, and later blocks need the names
    report: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
    runner.run(test, out=report.append, clear_globs=False)
    if runner.failures:
        pytest.fail("".join(report), pytrace=False)


@pytest.mark.parametrize("page", [*PAGES, *PACKAGE_PAGES], ids=name_of)
def test_the_code_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__page__"}
    for block in blocks(page):
        if block.text.lstrip().startswith(">>>"):
            run_doctest(block, page, namespace)
        else:
            source = "\n" * block.line + block.text  # so that a traceback has the page's lines
            exec(compile(source, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [t for t in local if not (page.parent / t).exists()] == []


def test_readme_has_code_that_was_run() -> None:
    assert list(blocks(ROOT / "README.md"))
