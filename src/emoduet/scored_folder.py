"""Writes scored predictions as a run's folder, so that comparison and report read them like a run of emoduet's own.

The folder says of itself that it was made elsewhere: it has no recipe, no history and no model.
"""

from dataclasses import asdict
from pathlib import Path

from emoduet.atomic import check_vacant, new_folder, write_json
from emoduet.baselines import write_baselines
from emoduet.evaluation import Answers, write_answers
from emoduet.evidence import write_utterances
from emoduet.folds_file import write_folds
from emoduet.manifest import manifest_digest
from emoduet.protocols import TEST_IN_THE_LOOP
from emoduet.scoring import Scored


def write_scored(folder: Path, scored: Scored) -> None:
    """Writes what was scored as a run's folder, which `emoduet compare` and `emoduet report` read like any other.

    Raises:
        InputError: the folder is there and not empty.
    """
    check_vacant(folder, "is there already and not empty; give another --out, or delete it")
    study, assessment = scored.study, scored.assessment
    tested = {utterance.id: utterance for of_key in scored.answers.values() for utterance in of_key.utterances}
    with new_folder(folder) as temporary:
        write_utterances(temporary, study.utterances if study else tuple(tested.values()))
        if study:
            write_folds(temporary / "folds.json", study.folds, study.header)
            write_baselines(temporary / "baselines.json", assessment.baselines)
            write_json(temporary / "audit.json", scored.audit.as_json())
        for (fold, seed), answers in scored.answers.items():
            fold_folder = temporary / f"fold{fold}-seed{seed}"
            write_answers(fold_folder / "predictions.jsonl", answers, "; ".join(scored.marks))
            write_json(fold_folder / "metrics.json", _metrics(scored, answers))
        write_json(temporary / "summary.json", {"marks": scored.marks, **assessment.summary.as_json()})
        write_json(temporary / "assessment.json", assessment.as_json())
        write_json(temporary / "run.json", _description(scored))


def _description(scored: Scored) -> dict[str, object]:
    return {
        "made_elsewhere": True,
        "predictions": scored.scoring.predictions.name,
        "only_labels": scored.only_labels,
        "classes": scored.classes,
        "protocol": scored.study and scored.study.protocol.name,
        "protocol_summary": scored.study and scored.study.protocol.summary,
        "manifest": scored.scoring.manifest.name,
        "manifest_sha256": manifest_digest(scored.scoring.manifest),
        "notes": scored.notes,
    }


def _metrics(scored: Scored, answers: Answers) -> dict[str, object]:
    return {
        "note": "; ".join(scored.marks),
        "test_data_in_the_loop": TEST_IN_THE_LOOP in scored.marks,
        "synthetic_corpus": any(utterance.extra.get("synthetic") for utterance in answers.utterances),
        "classes": answers.classes,
        "scores": asdict(answers.scores()),
    }
