"""A trained model scored on a manifest, with a word on whether it has seen that manifest before."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from emoduet.breakdown import Breakdown, by_modality
from emoduet.build import Model, restore_model
from emoduet.checkpoint import read_description
from emoduet.engines import EngineModel, check_engine, restore_engine_model
from emoduet.engines.model import InsistingReader
from emoduet.errors import CorpusError
from emoduet.evaluation import Answers, answer_each_alone, answer_with, check_complete
from emoduet.groups import Grouping, SpeakerSpread, gaps_of, speaker_spread
from emoduet.machine import Machine, check_machine
from emoduet.manifest import manifest_digest, read_manifest
from emoduet.pretrained.loading import locate
from emoduet.results import MIN_CLUSTERS, clusters_of, count_of_clusters, interval, modalities_json, scored
from emoduet.significance import Interval
from emoduet.types import Utterance

Progress = Callable[[int, int], None]
"""Called with (utterances done, utterances in all)."""


@dataclass(frozen=True)
class Examination:
    """A model's answers, the interval of their UA, and how many of the utterances its training may have seen.

    `alone` is as `evaluation.answer_each_alone` gives it, and `computed_by` names what is not torch.
    """

    answers: Answers
    ua_interval: Interval | None
    interval_over: str
    num_clusters: int
    num_seen: int
    num_outside: int
    synthetic: bool
    alone: Mapping[str, Answers] = field(default_factory=dict)
    computed_by: str = ""

    @property
    def modalities(self) -> Breakdown | None:
        """The scores with sound and words, with sounds alone and with words alone, of a model that may lack either."""
        return by_modality({0: self.answers}, {0: self.alone})

    @property
    def gaps(self) -> tuple[Grouping, ...]:
        """Gaps between groups of speakers, each with its interval or the reason why there is none."""
        return gaps_of(self.answers)

    @property
    def speakers(self) -> SpeakerSpread | None:
        """How single speakers differ; None with too few."""
        return speaker_spread(self.answers)

    @property
    def all_alike(self) -> bool:
        """Whether every cluster has the same score, so that resampling them tells nothing."""
        return self.ua_interval is None and self.num_clusters >= MIN_CLUSTERS

    def conditions(self) -> str:
        """What the score must be quoted with, in one line."""
        bounds = self.ua_interval
        parts = [
            f"95 % interval of UA {100 * bounds.low:.1f} to {100 * bounds.high:.1f} over {self.interval_over}"
            if bounds
            else f"no interval, all score alike: {self.interval_over}"
            if self.all_alike
            else self.interval_over,
            self.computed_by,
            self.marks(),
        ]
        return "; ".join(part for part in parts if part)

    def marks(self) -> str:
        """What was left out, seen before or synthetic; empty where nothing was."""
        parts = [
            self.num_outside and f"{self.num_outside} utterances outside the model's classes left out",
            self.num_seen and f"{self.num_seen} of the utterances are of sessions this model was TRAINED ON",
            self.synthetic and "synthetic corpus: means nothing about people",
        ]
        return "; ".join(part for part in parts if part)

    def as_json(self) -> dict[str, object]:
        """The same as nested JSON values."""
        return {
            "classes": self.answers.classes,
            **scored(self.answers),
            **modalities_json(self.answers, self.alone),
            "gaps": [asdict(one) for one in self.gaps],
            "speakers": self.speakers and asdict(self.speakers),
            **({"computed_by": self.computed_by} if self.computed_by else {}),
            "utterances_of_trained_sessions": self.num_seen,
            "utterances_outside_the_classes": self.num_outside,
            "synthetic_corpus": self.synthetic,
        }


@dataclass(frozen=True)
class Exam:
    """A loaded model and the labelled utterances to score it on; it can be taken more than once.

    Attributes:
        num_seen: utterances of sessions that its training may have seen.
        num_outside: utterances left out, of no class that the model knows.
    """

    model: Model | EngineModel
    utterances: tuple[Utterance, ...]
    num_seen: int
    num_outside: int

    def taken(self, precision: str = "fp32", progress: Progress = lambda done, total: None) -> Examination:
        """The model's answers as it is now, and their score.

        Args:
            precision: as in `machine.computing_in`.
        """
        answers = answer_with(self.model, self.utterances, precision, progress)
        kind, clusters = clusters_of(self.utterances)
        return Examination(
            answers=answers,
            ua_interval=interval(answers, clusters),
            interval_over=count_of_clusters(kind, len(set(clusters))),
            num_clusters=len(set(clusters)),
            num_seen=self.num_seen,
            num_outside=self.num_outside,
            synthetic=any(utterance.extra.get("synthetic") for utterance in self.utterances),
            computed_by=self.model.computed_by if isinstance(self.model, EngineModel) else "",
        )

    def completed(
        self, examination: Examination, precision: str = "fp32", progress: Progress = lambda done, total: None
    ) -> Examination:
        """What `taken` gave, and beside it the answers to sounds alone and to words alone, where the model may lack."""
        return replace(examination, alone=answer_each_alone(self.model, self.utterances, precision, progress))


def set_exam(path_or_hub_id: str, manifest: Path, sessions: tuple[str, ...], device: torch.device) -> Exam:
    """A model on its device and a manifest's labelled utterances, or those of some sessions.

    Raises:
        CheckpointError: the model cannot be loaded.
        CorpusError: no utterance is left to score, or one lacks what the system takes.
    """
    model = restore_model(path_or_hub_id)
    model.system.to(device)
    return exam_of(model, path_or_hub_id, manifest, sessions)


def exam_of(model: Model | EngineModel, path_or_hub_id: str, manifest: Path, sessions: tuple[str, ...] = ()) -> Exam:
    """A model that is loaded already and a manifest's labelled utterances, or those of some sessions.

    Raises:
        CorpusError: no utterance is left to score, or one lacks what the model takes.
    """
    everything = read_manifest(manifest)
    if absent := sorted(set(sessions) - {one.session for one in everything}):
        known = ", ".join(sorted({one.session for one in everything if one.session is not None})) or "none"
        raise CorpusError(f"{manifest}: no session {', '.join(absent)}; the manifest has {known}")
    utterances = [one for one in everything if not sessions or one.session in sessions]
    inside = tuple(utterance for utterance in utterances if utterance.label in model.classes)
    if not inside:
        raise CorpusError(
            f"{manifest}: none of {len(utterances)} utterances is labelled {', '.join(model.classes)}"
            + (f" in {', '.join(sessions)}" if sessions else "")
        )
    check_complete(inside, model.recipe, str(manifest))
    if isinstance(model.reader, InsistingReader):
        model.reader.check(inside)
    seen = sessions_seen(path_or_hub_id, manifest)
    num_seen = sum(utterance.session in seen for utterance in inside)
    return Exam(model, inside, num_seen, num_outside=len(utterances) - len(inside))


def examine_model(
    path_or_hub_id: str,
    manifest: Path,
    sessions: tuple[str, ...] = (),
    device: str | None = None,
    progress: Progress = lambda done, total: None,
    *,
    precision: str = "fp32",
    engine: str = "torch",
) -> Examination:
    """Scores a model on a manifest's labelled utterances, or on those of some sessions.

    Args:
        precision: "fp32" or "bf16"; torch's int8 is judged beside fp32, by `quantisation.check_int8`. With an engine,
            "fp32" or "int8".
        engine: "torch", or "onnxruntime" or "openvino" for what `emoduet export` wrote into the model's folder.

    Raises:
        InputError: this machine has no such device or engine, or it does not compute in this precision.
        CheckpointError: the model cannot be loaded, or there is no such export of it.
        CorpusError: no utterance is left to score, or one lacks what the system takes.
    """
    check_engine(engine, precision, device)
    if engine == "torch":
        exam = set_exam(path_or_hub_id, manifest, sessions, check_machine(Machine(device, precision)))
    else:
        exam = exam_of(restore_engine_model(path_or_hub_id, engine, precision), path_or_hub_id, manifest, sessions)
    return exam.completed(exam.taken(precision, progress), precision, progress)


def sessions_seen(path_or_hub_id: str, manifest: Path) -> set[str]:
    """The sessions of this very manifest that the model trained on or was picked by."""
    training = read_description(locate(path_or_hub_id, ("config.json",))).get("training", {})
    if training.get("manifest_sha256") != manifest_digest(manifest):
        return set()
    sessions = training.get("sessions", {})
    tested = sessions.get("test", []) if training.get("test_data_in_the_loop") else []
    return {*sessions.get("train", []), *sessions.get("validation", []), *tested}
