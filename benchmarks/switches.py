"""What each open reading of the paper is worth on the synthetic corpus: the last column of docs/paper.md.

    python benchmarks/switches.py corpus.jsonl OUT --workers 16 --seeds 3

The last column sets each fold of each seed against the same fold and seed of the shipped reading: the mean of these
differences of UA, and its standard error. Every line is a synthetic result of small encoders trained from nothing; it
says nothing about real speech.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from emoduet.config import read_recipe
from emoduet.experiment import Experiment, run_experiment
from emoduet.machine import Machine
from emoduet.results import Summary


@dataclass(frozen=True)
class Variant:
    """One reading: the recipe it departs from, and how."""

    name: str
    recipe: str = "demo-paper"
    overrides: tuple[str, ...] = ()


VARIANTS = (
    Variant("as shipped"),
    Variant("scale d", overrides=("cross_modal_attention.scale='d'",)),
    Variant("keys not normalised", overrides=("cross_modal_attention.normalise_keys=false",)),
    Variant("residual", overrides=("cross_modal_attention.residual=true",)),
    Variant("feed-forward sublayer", overrides=("cross_modal_attention.feed_forward=true",)),
    Variant(
        "residual and feed-forward sublayer",
        overrides=("cross_modal_attention.residual=true", "cross_modal_attention.feed_forward=true"),
    ),
    Variant("one head", overrides=("cross_modal_attention.num_heads=1",)),
    Variant("keys of CMA-1 from the encoder", overrides=("cross_modal_attention.cma_1_keys='encoder'",)),
    Variant("no dropout after the BLSTM", overrides=("audio_features.dropout=0.0",)),
    Variant("CNN trained too", overrides=("audio_encoder.freeze='nothing'",)),
    Variant("LayerDrop 0.1", overrides=("audio_encoder.layer_drop=0.1",)),
    Variant("SpecAugment", overrides=("audio_encoder.spec_augment=true",)),
    Variant("class weights", overrides=("training.class_weights=true",)),
    Variant("batches of 8", overrides=("training.batch_size=8",)),
    Variant("head learns three times as fast", overrides=("optimizer.head_factor=3.0",)),
    Variant("rate cut to a tenth", overrides=("schedule.factor=0.1",)),
    Variant("no patience", overrides=("schedule.patience=0",)),
    Variant("twice the epochs", overrides=("training.epochs=12",)),
    Variant("no clipping", overrides=("optimizer.max_gradient_norm=1e9",)),
    Variant("frozen encoders", recipe="demo-paper-frozen"),
    Variant("audio only", recipe="demo-audio-only"),
    Variant("audio only, frozen", recipe="demo-audio-only-frozen"),
    Variant("text only", recipe="demo-text-only"),
)


def main() -> None:
    """Runs the variants in order, printing each line as it is done; a killed run goes on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--protocol", default="loso")
    parser.add_argument("--only", nargs="*", default=[variant.name for variant in VARIANTS])
    asked = parser.parse_args()
    conditions = f"{asked.protocol}, synthetic corpus, seeds: {asked.seeds}"
    print(f"| reading | pooled UA ({conditions}) | 95 % | minus shipped, by fold |")
    print("|---|---:|---|---:|", flush=True)
    shipped: list[float] = []
    for variant in VARIANTS:
        if variant.name in asked.only or variant is VARIANTS[0]:
            out = asked.out / f"{variant.name.replace(' ', '-')}-{asked.protocol}"
            summary = _run(variant, out, asked)
            folds = [_fold_ua(path) for path in sorted(out.glob("fold*/metrics.json"))]
            shipped = shipped or folds
            differences = [100 * (ours - theirs) for ours, theirs in zip(folds, shipped, strict=True)]
            print(_line(variant, summary, differences), flush=True)


def _run(variant: Variant, out: Path, asked: argparse.Namespace) -> Summary:
    experiment = Experiment(
        recipe=read_recipe(variant.recipe, variant.overrides),
        protocol=asked.protocol,
        manifest=asked.manifest,
        out=out,
        seeds=tuple(range(asked.seeds)),
        machine=Machine("cpu"),
        keep="none",
        workers=asked.workers,
    )
    return run_experiment(experiment).summary


def _fold_ua(metrics: Path) -> float:
    return json.loads(metrics.read_text(encoding="utf-8"))["scores"]["unweighted_accuracy"]


def _line(variant: Variant, summary: Summary, differences: list[float]) -> str:
    sd = "" if summary.pooled_ua.sd is None else f" ± {100 * summary.pooled_ua.sd:.1f}"
    low, high = 100 * summary.ua_interval.low, 100 * summary.ua_interval.high
    error = stdev(differences) / len(differences) ** 0.5
    return (
        f"| {variant.name} | {100 * summary.pooled_ua.mean:.1f}{sd} | {low:.1f} to {high:.1f} "
        f"| {mean(differences):+.1f} ± {error:.1f} |"
    )


if __name__ == "__main__":
    main()
