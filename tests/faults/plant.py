"""Plants the faults of faults.toml one at a time and shows that each turns its tests red.

Run by hand, from a checkout whose suite is green:

    python tests/faults/plant.py            all faults, two at a time: some minutes
    python tests/faults/plant.py "root"     only those whose name holds this text

Every fault goes into a copy of the package in a temporary folder, which the tests import instead of the checkout's.
Prints a line a fault; exits with 1 if a fault went unseen, or if the tests fail without any fault.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "emoduet"
TESTS = ROOT / "tests"
AT_A_TIME = 2
TESTS_FAILED = 1
"""pytest's exit status; any other but 0 means that the tests did not even run."""


@dataclass(frozen=True)
class Fault:
    """One wrong line: `old` becomes `new` in `file`, and at least one of `tests` must notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def planted(self, source: str) -> str:
        """The source with the fault in it.

        Raises:
            ValueError: the line to be spoilt is not there exactly once.
        """
        times = source.count(self.old)
        if times != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {times} times in {self.file}; need once")
        return source.replace(self.old, self.new)


def read_faults() -> list[Fault]:
    """The kept list."""
    entries = tomllib.loads((Path(__file__).parent / "faults.toml").read_text(encoding="utf-8"))["fault"]
    return [Fault(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def pytest_status(tests: Iterable[str], fault: Fault | None) -> tuple[int, str]:
    """What pytest says of these tests with the fault planted: its exit status and the end of its output."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "emoduet"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        if fault is not None:
            path = copy / fault.file
            path.write_text(fault.planted(path.read_text(encoding="utf-8")), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *sorted(tests)]
        done = subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout[-2000:]


def report(fault: Fault) -> bool:
    """Plants one fault and says whether it was seen."""
    status, output = pytest_status(fault.tests, fault)
    seen = status == TESTS_FAILED
    print(f"{'red   ' if seen else 'UNSEEN'}  {fault.name}", flush=True)
    if status not in (0, TESTS_FAILED):
        print(output, flush=True)
    return seen


def main(wanted: str = "") -> int:
    faults = [fault for fault in read_faults() if wanted in fault.name]
    status, output = pytest_status({test for fault in faults for test in fault.tests}, fault=None)
    if status != 0:
        print(f"the tests are not green without a fault\n{output}")
        return 1
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        seen = list(pool.map(report, faults))
    print(f"{sum(seen)} of {len(seen)} faults turn a test red")
    return 0 if all(seen) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
