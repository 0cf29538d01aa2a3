"""The benchmarks as one suite: which sections, of which size, how often; what a door shows is made here."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from emoduet.benchmarking.encoders import EncoderFolders, Size, text_config, write_encoders
from emoduet.benchmarking.fine_tuning import measure_fine_tuning
from emoduet.benchmarking.footprint import measure_memory, measure_start_up
from emoduet.benchmarking.frozen import measure_frozen
from emoduet.benchmarking.inference import emoduet_contenders, measure_inference, transformers_contenders
from emoduet.benchmarking.peak import LITTLE_SHAPES, SHAPES, measure_peak
from emoduet.benchmarking.timing import Contender, OnRun, Section, Skipped, no_news
from emoduet.benchmarking.workload import Workload, make_workload, read_utterances, representative
from emoduet.errors import UsageError

SECTIONS = ("inference", "fine-tuning", "frozen", "memory", "start-up")

Further = Callable[[EncoderFolders, Workload, torch.device], Sequence[Contender | Skipped]]
"""Makes further contenders of inference, such as other people's wrappers."""


@dataclass(frozen=True)
class Suite:
    """What is to be measured.

    Attributes:
        size: the encoders' in inference and memory.
        training_size: the encoders' in fine-tuning and the frozen rows.
        num_utterances: of the list's 5,531, how many stand for all; in training a quarter of them, at least 8.
        rounds: turns of every contender after the one that warms up.
    """

    device: torch.device
    size: Size = "large"
    training_size: Size = "base"
    num_utterances: int = 32
    rounds: int = 3
    sections: tuple[str, ...] = SECTIONS

    def __post_init__(self) -> None:
        """Refuses what cannot be measured.

        Raises:
            UsageError: an unknown section, or no utterances, or no rounds.
        """
        unknown = [name for name in self.sections if name not in SECTIONS]
        if unknown:
            raise UsageError(f"benchmark of {', '.join(unknown)}: choose of {', '.join(SECTIONS)}")
        if self.num_utterances < 1 or self.rounds < 1:
            raise UsageError(
                f"benchmark of {self.num_utterances} utterances in {self.rounds} rounds: need at least one of each"
            )


def run_suite(suite: Suite, further: Further = lambda *given: (), on_run: OnRun = no_news) -> Iterator[Section]:
    """Measures section after section, with encoders in a temporary folder; gives each as soon as it is done.

    Raises:
        UsageError: an unknown size.
    """
    with tempfile.TemporaryDirectory(prefix="emoduet-bench-") as name:
        root = Path(name)
        written: dict[Size, EncoderFolders] = {}
        for section in suite.sections:
            size = suite.training_size if section in ("fine-tuning", "frozen") else suite.size
            if size not in written and section != "start-up":
                written[size] = write_encoders(root, size)
            yield _MEASURES[section](suite, written.get(size), root, further, on_run)


def _inference(suite: Suite, folders: EncoderFolders, root: Path, further: Further, on_run: OnRun) -> Section:
    work = _work(suite, suite.size, suite.num_utterances)
    given = (folders, work, suite.device)
    contenders = [*transformers_contenders(*given), *emoduet_contenders(*given), *further(*given)]
    shapes = LITTLE_SHAPES if suite.size == "small" else SHAPES
    peak = measure_peak(suite.device, shapes)
    return measure_inference(contenders, folders, work, suite.rounds, peak, suite.device, on_run)


def _fine_tuning(suite: Suite, folders: EncoderFolders, root: Path, further: Further, on_run: OnRun) -> Section:
    return measure_fine_tuning(folders, _training_work(suite), suite.rounds, suite.device, on_run)


def _frozen(suite: Suite, folders: EncoderFolders, root: Path, further: Further, on_run: OnRun) -> Section:
    return measure_frozen(folders, _training_work(suite), suite.rounds, suite.device, root / "features", on_run)


def _memory(suite: Suite, folders: EncoderFolders, root: Path, further: Further, on_run: OnRun) -> Section:
    return measure_memory(folders, suite.size, suite.num_utterances)


def _start_up(suite: Suite, folders: object, root: Path, further: Further, on_run: OnRun) -> Section:
    return measure_start_up(suite.rounds, on_run)


_MEASURES = {
    "inference": _inference,
    "fine-tuning": _fine_tuning,
    "frozen": _frozen,
    "memory": _memory,
    "start-up": _start_up,
}


def _training_work(suite: Suite) -> Workload:
    return _work(suite, suite.training_size, max(8, suite.num_utterances // 4 // 8 * 8))


def _work(suite: Suite, size: Size, count: int) -> Workload:
    chosen = representative(read_utterances(), count)
    return make_workload(chosen, text_config(size).vocab_size).to(suite.device)
