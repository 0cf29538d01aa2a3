"""How long the commands take that should feel quick, each as a whole process.

    python benchmarks/times.py

Prints minimum, median and maximum over the repetitions, in seconds, as a Markdown table.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

EMODUET = (sys.executable, "-m", "emoduet")


def main() -> None:
    """Times help, the corpus of IEMOCAP's shape, and its examination."""
    print("| command | min | median | max |\n|---|---:|---:|---:|")
    _report("emoduet --help", 7, lambda _: [*EMODUET, "--help"])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        tree = [str(root / f"tree{number}") for number in range(3)]
        _report(
            "corpus synthesize --like-iemocap",
            3,
            lambda n: [*EMODUET, "corpus", "synthesize", tree[n], "--like-iemocap"],
        )
        manifest = str(root / "m.jsonl")
        _report(
            "corpus build iemocap", 3, lambda n: [*EMODUET, "corpus", "build", "iemocap", tree[n], "--out", manifest]
        )
        _report("corpus check", 3, lambda _: [*EMODUET, "corpus", "check", manifest])
        _report("corpus check --audio", 1, lambda _: [*EMODUET, "corpus", "check", manifest, "--audio"], allowed=(0, 1))


def _report(name: str, repetitions: int, command: Callable[[int], list[str]], allowed: tuple[int, ...] = (0,)) -> None:
    seconds = []
    for number in range(repetitions):
        began = time.perf_counter()
        ended = subprocess.run(command(number), capture_output=True, text=True)
        seconds.append(time.perf_counter() - began)
        if ended.returncode not in allowed:
            sys.exit(f"{name}: exit status {ended.returncode}\n{ended.stderr}")
    print(f"| `{name}` | {min(seconds):.2f} | {median(seconds):.2f} | {max(seconds):.2f} |", flush=True)


if __name__ == "__main__":
    main()
