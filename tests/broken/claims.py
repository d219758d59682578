"""Which tests claim which rows: as pytest collects them, and by comments in those of Node.js."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO

import pytest

from tests.broken.variants import ROOT

Claims = dict[str, set[str]]  # tests by row


class _Collector:
    def __init__(self) -> None:
        self.claims: Claims = defaultdict(set)

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        for item in items:
            if not _is_for_firefox(item):
                for mark in item.iter_markers("proves"):
                    for row in mark.args:
                        self.claims[row].add(item.nodeid)


def collected() -> Claims:
    """Of a test with parameters each case; what runs in Firefox runs in Chromium too, and counts there."""
    collector = _Collector()
    with redirect_stdout(StringIO()):
        pytest.main(["--collect-only", "-q", str(ROOT / "tests")], plugins=[collector])
    for row, test in _of_node():
        collector.claims[row].add(test)
    return collector.claims


def is_of_node(test: str) -> bool:
    return ".test.js: " in test


def _is_for_firefox(item: pytest.Function) -> bool:
    return "callspec" in vars(item) and item.callspec.params.get("which_browser") == "firefox"


def _of_node() -> Iterator[tuple[str, str]]:
    for file in (ROOT / "tests" / "embed").glob("*.test.js"):
        for row, name in re.findall(r'// proves: (\w+)\s+it\("([^"]+)"', file.read_text("utf-8")):
            yield row, f"{file.name}: {name}"
