"""`emoduet bench` with other people's ways beside it: SpeechBrain, s3prl, OpenVINO and ONNX Runtime.

    python benchmarks/encoders.py                      two cores: half an hour, 16 GB of memory
    python benchmarks/encoders.py --quick              seconds
    python benchmarks/encoders.py --device cuda        a GPU: the engines are left out

What is not installed is a row that says how to install it. benchmarks/README.md says how to read the tables.
"""

import argparse
import tempfile
from pathlib import Path

import peers
import torch
from engines import measure_engines

from emoduet.benchmarking.encoders import write_encoders
from emoduet.benchmarking.peak import LITTLE_SHAPES, SHAPES, describe_machine, measure_peak
from emoduet.benchmarking.suite import SECTIONS, Suite
from emoduet.cli.bench import show_section, show_suite, turns_bar
from emoduet.cli.door import errors_told
from emoduet.machine import device_named

ENGINES = "engines"


def main() -> None:
    """Parses the command line and measures section after section."""
    asked = _arguments().parse_args()
    size, training_size = ("small", "small") if asked.quick else (asked.size, asked.training_size)
    utterances, rounds = (8, 1) if asked.quick else (asked.utterances, asked.rounds)
    wanted = [name.strip() for name in asked.only.split(",")]
    with errors_told():
        device = device_named(asked.device)
        sections = tuple(name for name in wanted if name != ENGINES)
        suite = Suite(device, size, training_size, utterances, rounds, sections)
        show_suite(suite, asked.json, peers.wrappers)
        if ENGINES in wanted and device.type == "cpu":
            _show_engines(size, rounds, asked.json)


def _show_engines(size: str, rounds: int, as_json: bool) -> None:
    device = torch.device("cpu")
    peak = measure_peak(device, LITTLE_SHAPES if size == "small" else SHAPES)
    with tempfile.TemporaryDirectory(prefix="emoduet-bench-") as folder, turns_bar() as on_run:
        section = measure_engines(write_encoders(Path(folder), size), size, rounds, peak, on_run)
    show_section(section, describe_machine(device), as_json)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="large", choices=("large", "base", "small"))
    parser.add_argument("--training-size", default="base", choices=("large", "base", "small"))
    parser.add_argument("--utterances", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join([*SECTIONS, ENGINES]), metavar="SECTIONS")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--quick", action="store_true", help="small encoders, 8 utterances, 1 round, whatever is asked beside it"
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON a row")
    return parser


if __name__ == "__main__":
    main()
