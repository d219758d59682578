"""One broken variant, and the tests that are run on it."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.broken.claims import is_of_node
from tests.broken.variants import ROOT, SCRIPT, Variant

LONGEST_TEST = 90  # seconds


class Trial:
    """A copy of the installed package with the variant's fault in it, which tests find before the real one."""

    def __init__(self, folder: Path, variant: Variant) -> None:
        self._folder = folder
        package = shutil.copytree(_installed(), folder / "dvauth")
        for edit in variant.edits:
            file = package / edit.file.removeprefix("src/dvauth/")
            file.write_text(edit.apply(file.read_text("utf-8")), "utf-8")
        shutil.copy(package / SCRIPT, package / SCRIPT.replace(".js", ".min.js"))  # what is served

    def failing(self, tests: set[str]) -> set[str]:
        """Those that fail. An error while a test was prepared is no failure: it noticed nothing."""
        of_node = {test for test in tests if is_of_node(test)}
        return self._failing_in_pytest(tests - of_node) | (self._failing_in_node(of_node) if of_node else set())

    def _failing_in_pytest(self, tests: set[str]) -> set[str]:
        results = self._folder / "pytest.xml"
        options = ["-q", "-p", "no:cacheprovider", "--force-reruns=0", f"--timeout={LONGEST_TEST}"]
        environ = os.environ | {"PYTHONPATH": str(self._folder)}
        self._run([sys.executable, "-m", "pytest", *options, f"--junit-xml={results}", *sorted(tests)], environ)
        failed = _failures(results)
        return {test for test in tests if _name_in_junit(test) in failed}

    def _failing_in_node(self, tests: set[str]) -> set[str]:
        embed = self._folder / "tests" / "embed"
        shutil.copytree(ROOT / "tests" / "embed", embed, ignore=shutil.ignore_patterns("node_modules"))
        (self._folder / "static").symlink_to("dvauth/static")
        results = self._folder / "node.xml"
        options = ["--test-reporter=junit", f"--test-reporter-destination={results}"]
        self._run(["node", "--test", *options, *map(str, embed.glob("*.test.js"))], os.environ)
        failed = {name for _, name in _failures(results)}
        return {test for test in tests if test.partition(": ")[2] in failed}

    def _run(self, command: list[str], environ: os._Environ[str] | dict[str, str]) -> None:
        with (self._folder / "log").open("ab") as log:
            subprocess.run(command, cwd=ROOT, env=environ, stdout=log, stderr=log, check=False)


def _installed() -> Path:
    spec = find_spec("dvauth")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


def _failures(results: Path) -> set[tuple[str, str]]:
    cases = ET.parse(results).iter("testcase")
    return {(case.get("classname", ""), case.get("name", "")) for case in cases if case.find("failure") is not None}


def _name_in_junit(test: str) -> tuple[str, str]:
    path, _, name = test.partition("::")
    return path.removesuffix(".py").replace("/", "."), name
