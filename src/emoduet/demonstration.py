"""The demo: a synthetic corpus, the paper's systems on it, one answer looked at closely, and explanations tested."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emoduet.corpora.iemocap import read_iemocap
from emoduet.corpora.synthetic import write_corpus
from emoduet.experiment import Hook, Outcome
from emoduet.explaining.attention import align
from emoduet.explaining.types import Alignment
from emoduet.explaining_corpus.many import Asked, Explanations, explain_many
from emoduet.machine import Machine
from emoduet.manifest import read_manifest, write_manifest
from emoduet.prediction import EmotionRecognizer
from emoduet.reproduction import Reproduction, reproduce
from emoduet.table_lines import Line
from emoduet.types import Prediction, Utterance

FUSED = "demo-paper-loso"
"""The run of the paper's own model."""

EXPLAINED = 150
"""How many utterances are explained: enough of each of the ten speakers, in less than a minute."""


@dataclass(frozen=True)
class Demonstration:
    """What the demo found: the tables, the runs behind them, and one utterance of a session its model never saw."""

    lines: list[Line]
    outcomes: list[Outcome]
    model: Path
    utterance: Utterance
    prediction: Prediction
    alignment: Alignment


def write_demo_corpus(out: Path, workers: int, progress: Callable[[int, int], None]) -> Path:
    """Writes the synthetic corpus and its manifest below `out`, unless they are there; returns the manifest."""
    write_corpus(out / "corpus", workers=workers, progress=progress)
    manifest = out / "corpus.jsonl"
    write_manifest(manifest, read_iemocap(out / "corpus").utterances)
    return manifest


def demonstrate(
    manifest: Path, out: Path, workers: int, progress: Hook, on_outcome: Callable[[Outcome], None]
) -> Demonstration:
    """Runs the four systems under `loso` and looks at one answer of the fused one."""
    outcomes: list[Outcome] = []

    def keep(outcome: Outcome) -> None:
        outcomes.append(outcome)
        on_outcome(outcome)

    asked = Reproduction(
        manifest,
        out,
        protocols=("loso",),
        demo=True,
        machine=Machine("cpu"),
        workers=workers,
        features=out / "features",
    )
    lines = reproduce(asked, progress, keep)
    model = out / FUSED / "fold1-seed0" / "checkpoint"
    recognizer = EmotionRecognizer.load(model, device="cpu")
    (tested,) = (fold.test for fold in outcomes[0].folds if fold.number == 1)
    utterance = next(u for u in read_manifest(manifest) if u.id in tested and u.label == "angry")
    prediction = recognizer.predict(utterance.audio, utterance.transcript)[0]
    return Demonstration(lines, outcomes, model, utterance, prediction, align(recognizer.model, utterance))


def explain_demo(manifest: Path, out: Path, workers: int, progress: Callable[[int, int], None]) -> Explanations:
    """Explanations of some utterances, each by the fused model that was tested on it, beside what was planted."""
    methods = ("occlusion", "attention")
    asked = Asked(str(out / FUSED), manifest, methods, limit=EXPLAINED, tested=False, workers=workers, device="cpu")
    return explain_many(asked, progress)
