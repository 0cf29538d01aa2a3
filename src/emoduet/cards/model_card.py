"""The model card of every checkpoint: what it is, what its numbers rest on, what it must not be used for.

A card says what was measured, with its conditions, and of everything else that it was not. Markdown under the head of
metadata that Hugging Face's hub reads. Nothing is measured or read here; what was comes in as words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData

from emoduet.confidence import Confidence, Lengths, percent, told_risk
from emoduet.config import TINY, Recipe
from emoduet.paper_tables import own_recipes
from emoduet.sureness import Sured, Sureness

RESPONSIBLE_USE = (
    "The output estimates expressed emotion as raters might label it; it is never a person's inner state. Emotion "
    "recognition from voice is prohibited in the EU at work and in education except for medical or safety reasons "
    "(AI Act Art. 5(1)(f)); other uses are high-risk (Annex III 1(c)) with a duty to tell people (Art. 50(3)). Being "
    "open source does not exempt. Check the current dates of application; this is not legal advice."
)

PROHIBITED_USE = (
    "Not to be used to tell what a person feels, thinks or is; to watch or rate employees, applicants, pupils or "
    "students; or to decide anything about a person."
)

TOLD_RISKS = (0.05, 0.1, 0.2)
"""The error rates for which the card says what a model abstains from."""

ROBUSTNESS = "Robustness"
ELSEWHERE = "Other precisions and engines"
NOT_MEASURED = {
    ROBUSTNESS: "Not measured; `emoduet stress MODEL --manifest LABELLED.jsonl` measures it.",
    ELSEWHERE: (
        "Not measured; `emoduet evaluate MODEL --manifest LABELLED.jsonl --precision int8` and `emoduet export MODEL` "
        "measure them."
    ),
}
"""The sections that are measured after a training, and what they say until then."""

_NO_CONFIDENCE = (
    "It cannot abstain, and takes no risk: no validation answers tell how often it is wrong when it is unsure. Models "
    "of `emoduet train` can, and those of protocols with a validation part."
)

_ABSTAINS = (
    "Given a risk (`emoduet predict --risk 0.1`), it abstains where its highest probability lies below a threshold "
    "that kept the share of wrong answers as low on validation data."
)

_OPTIMISTIC = (
    "These figures are optimistic: the same utterances had served the training before, and the thresholds are picked "
    "on them once more. Other speakers and recordings will have more errors, and a threshold that rests on a handful "
    "of answers is luck. How high the true share may be is the one-sided 95 % bound of Clopper and Pearson, which "
    "takes the threshold for one fixed beforehand and the utterances for independent of one another."
)

_GIVEN = {None: " with sound and words", "audio": " with sound alone", "text": " with words alone"}

UNKNOWN = Sureness()
"""What is known of a model that nothing validated."""

_HOW_TO_LOAD = """```
from emoduet import EmotionRecognizer
recognizer = EmotionRecognizer.load("FOLDER")
```"""


@dataclass(frozen=True)
class Facts:
    """What is known beside a training's conditions, as Markdown by section; an empty text says that it is not.

    Attributes:
        data: the utterances that trained, validated and were tested.
        scores, groups, calibration: of answers to utterances that did not train; `scores` says of which.
        results: the scores once more, for the head; empty where a number without its caveats would mislead.
        base_models: the encoders' names on the hub.
    """

    data: str = ""
    scores: str = ""
    groups: str = ""
    calibration: str = ""
    results: tuple[EvalResult, ...] = ()
    base_models: tuple[str, ...] = ()


NOTHING_MEASURED = Facts()


def model_card(
    recipe: Recipe,
    conditions: Mapping[str, object],
    sureness: Sured = UNKNOWN,
    lengths: Lengths | None = None,
    facts: Facts = NOTHING_MEASURED,
) -> str:
    """The card of one checkpoint, Markdown.

    Args:
        conditions: what the training was, as name -> value; `synthetic_corpus` is said first where it is true.
        sureness: the model's, or the model; and `lengths` as in `build.Model`.
    """
    synthetic = bool(conditions.get("synthetic_corpus"))
    notes = [*told_conditions(conditions), *([_heard(lengths)] if lengths else [])]
    opening = (
        f"An emoduet model of the {recipe.system} system ({_row_of(recipe)}), classes: {', '.join(recipe.classes)}."
    )
    return card(
        recipe,
        name_of(recipe),
        [opening, _HOW_TO_LOAD],
        {
            "Trained on": "\n\n".join(
                part for part in (synthetic_mark(synthetic), facts.data, "\n".join(notes)) if part
            ),
            **measured_sections(facts),
            "When it is unsure": _abstaining(sureness),
            **NOT_MEASURED,
        },
        facts,
    )


def card(
    recipe: Recipe, title: str, opening: Sequence[str], sections: Mapping[str, str], facts: Facts = NOTHING_MEASURED
) -> str:
    """A card with its head, these sections, and those that every card ends with: limits, use and licence."""
    whole = {
        "Intended use": _intended(recipe),
        "Prohibited use": PROHIBITED_USE,
        **sections,
        "Limits": "\n".join(f"- {one}" for one in _limits(recipe)),
        "Responsible use": RESPONSIBLE_USE,
        "Licence": _licence_of(recipe),
    }
    told = "\n\n".join(f"## {heading}\n{body}" for heading, body in whole.items())
    return "\n\n".join([f"---\n{_head(recipe, title, facts).to_yaml()}\n---\n# {title}", *opening, told]) + "\n"


def measured_sections(facts: Facts) -> dict[str, str]:
    """Scores, groups and calibration, or that nobody measured them."""
    return {
        "Scores": facts.scores or "Not measured.",
        "Groups": facts.groups or "Not measured.",
        "Calibration": facts.calibration or "Not measured.",
    }


def with_section(text: str, heading: str, body: str) -> str:
    """A card with another text in one of its sections; a card without that section, which somebody took out, as it is.

    >>> with_section("# A\\n\\n## B\\nold\\n\\n## C\\nkept\\n", "B", "new")
    '# A\\n\\n## B\\nnew\\n\\n## C\\nkept\\n'
    """
    before, found, rest = text.partition(f"\n## {heading}\n")
    if not found:
        return text
    after = rest.partition("\n## ")
    return before + found + body + "\n" + (f"\n## {after[2]}" if after[1] else "")


def told_conditions(conditions: Mapping[str, object]) -> list[str]:
    """One list item a condition."""
    return [f"- {name.replace('_', ' ')}: {_plain(value)}" for name, value in conditions.items()]


def synthetic_mark(synthetic: bool) -> str:
    """What a card of a synthetic corpus says before anything else; of others nothing."""
    return "- **synthetic corpus: this model knows nothing about people**" if synthetic else ""


def name_of(recipe: Recipe) -> str:
    """What the model does; the recipe's own title is that of a row of a table."""
    return f"Emotion from {_source_of(recipe)}: {', '.join(recipe.classes)}"


def _head(recipe: Recipe, title: str, facts: Facts) -> ModelCardData:
    """The licence is nobody's to state here: it follows from data and weights."""
    return ModelCardData(
        library_name="emoduet",
        license="unknown",
        pipeline_tag="audio-classification" if "audio" in recipe.front_ends else "text-classification",
        tags=["speech-emotion-recognition", "emotion-recognition"],
        base_model=list(facts.base_models) or None,
        model_name=title if facts.results else None,
        eval_results=list(facts.results) or None,
    )


def _intended(recipe: Recipe) -> str:
    return (
        f"To estimate, from {_source_of(recipe)}, which of {len(recipe.classes)} labels raters would agree on: in "
        "research on expressed emotion, and in tools whose users know of it and whose answers a person checks."
    )


def _limits(recipe: Recipe) -> Iterable[str]:
    yield f"It answers {', '.join(recipe.classes)} and nothing else: whatever it is given gets one of these."
    yield (
        "It knows its training corpus alone. How it does with other languages, ages, accents, rooms and ways of "
        "speaking is not known, unless a section above says that it was measured."
    )
    yield "Labels are opinions, on which raters differ; every score is agreement with them."
    if "text" in recipe.front_ends:
        yield "It read the transcripts of its corpus; recognised words are wrong in places, and answers with them."


def _heard(lengths: Lengths) -> str:
    return (
        f"- lengths heard: from {lengths.shortest:.1f} to {lengths.longest:.1f} s, half of them up to "
        f"{lengths.median:.1f} s and 95 % up to {lengths.percentile_95:.1f} s; longer ones are new to it and best cut "
        "at pauses"
    )


def _abstaining(sureness: Sured) -> str:
    kinds = {_GIVEN[kind]: one for kind, one in sureness.alone.items()}
    asked = {_GIVEN[None] if kinds else "": sureness, **kinds}
    known = {given: one.confidence for given, one in asked.items() if one.confidence}
    if not known:
        return _NO_CONFIDENCE
    of_each = [_ABSTAINS, *(_kept(confidence, given) for given, confidence in known.items()), _OPTIMISTIC]
    return "\n\n".join(of_each)


def _kept(confidence: Confidence, given: str) -> str:
    wrong = percent(confidence.points[-1].risk)
    told = "\n".join(f"- {told_risk(confidence, risk)}" for risk in TOLD_RISKS)
    return (
        f"Of its answers to {confidence.num_utterances} validation utterances{given}, {wrong} are wrong if none is "
        f"withheld.\n\n{told}"
    )


def _source_of(recipe: Recipe) -> str:
    return {("audio", "text"): "speech and its words", ("audio",): "speech", ("text",): "words"}[(*recipe.front_ends,)]


def _row_of(recipe: Recipe) -> str:
    """Its title, and whether that is a row of the paper's own: what follows other papers, or varies it, is not."""
    own = recipe.name.removeprefix("demo-") in own_recipes()
    return f'"{recipe.title}" in the paper\'s tables' if own else f'"{recipe.title}"'


def _licence_of(recipe: Recipe) -> str:
    encoders = [encoder.name for encoder in (recipe.audio_encoder, recipe.text_encoder) if encoder]
    vectors = [Path(recipe.words.vectors).name] if recipe.words and recipe.words.vectors else []
    foreign = ", ".join(name for name in encoders + vectors if name != TINY)  # a tiny one grew from nothing
    if not foreign:
        return "The licence of this model follows from the corpus it was trained on; check it before passing it on."
    return (
        "The licence of this model follows from the corpus it was trained on and from what it started from\n"
        f"({foreign}); check both before passing it on."
    )


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_plain(inner)}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
