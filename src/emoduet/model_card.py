"""The model card of every checkpoint: what it is, what its numbers rest on, what it must not be used for."""

from collections.abc import Mapping
from pathlib import Path

from emoduet.confidence import Confidence, Lengths, point_for
from emoduet.config import TINY, Recipe
from emoduet.paper_tables import own_recipes

RESPONSIBLE_USE = (
    "The output estimates expressed emotion as raters might label it; it is never a person's inner state. Emotion "
    "recognition from voice is prohibited in the EU at work and in education except for medical or safety reasons "
    "(AI Act Art. 5(1)(f)); other uses are high-risk (Annex III 1(c)) with a duty to tell people (Art. 50(3)). Being "
    "open source does not exempt. Check the current dates of application; this is not legal advice."
)

TOLD_RISKS = (0.05, 0.1, 0.2)
"""The error rates for which the card says what a model abstains from."""

_NO_CONFIDENCE = (
    "It cannot abstain, and takes no risk: no validation answers tell how often it is wrong when it is unsure. Models "
    "of `emoduet train` can, and those of protocols with a validation part."
)

_OPTIMISTIC = (
    "These figures are optimistic: the same utterances had served the training before, and the thresholds are picked "
    "on them once more. Other speakers and recordings will have more errors, and a threshold that rests on a handful "
    "of answers is luck."
)

_CARD = """---
library_name: emoduet
pipeline_tag: {task}
tags: [speech-emotion-recognition]
---
# {name}

An emoduet model of the {system} system ({row}), classes: {classes}.

```
from emoduet import EmotionRecognizer
recognizer = EmotionRecognizer.load("FOLDER")
```

## Trained on
{training}

## When it is unsure
{confidence}

## Responsible use
{responsible_use}

## Licence
{licence}
"""


def model_card(
    recipe: Recipe,
    conditions: Mapping[str, object],
    confidence: Confidence | None = None,
    lengths: Lengths | None = None,
) -> str:
    """The card of one checkpoint, Markdown.

    Args:
        conditions: what the training was, as name -> value; `synthetic_corpus` is said first where it is true.
        confidence: as in `build.Model`, and so are `lengths`.
    """
    notes = (
        ["- **synthetic corpus: this model knows nothing about people**"] if conditions.get("synthetic_corpus") else []
    )
    notes += [f"- {name.replace('_', ' ')}: {_plain(value)}" for name, value in conditions.items()]
    notes += [_heard(lengths)] if lengths else []
    return _CARD.format(
        task="audio-classification" if "audio" in recipe.front_ends else "text-classification",
        name=_name_of(recipe),
        row=_row_of(recipe),
        system=recipe.system,
        classes=", ".join(recipe.classes),
        training="\n".join(notes),
        confidence=_abstaining(confidence) if confidence else _NO_CONFIDENCE,
        responsible_use=RESPONSIBLE_USE,
        licence=_licence_of(recipe),
    )


def _heard(lengths: Lengths) -> str:
    return (
        f"- lengths heard: from {lengths.shortest:.1f} to {lengths.longest:.1f} s, half of them up to "
        f"{lengths.median:.1f} s and 95 % up to {lengths.percentile_95:.1f} s; longer ones are new to it and best cut "
        "at pauses"
    )


def _abstaining(confidence: Confidence) -> str:
    told = "\n".join(f"- {_kept(confidence, risk)}" for risk in TOLD_RISKS)
    return (
        "Given a risk (`emoduet predict --risk 0.1`), it abstains where its highest probability lies below a threshold "
        "that kept the share of wrong answers as low on validation data. Of its answers to "
        f"{confidence.num_utterances} validation utterances, {_percent(confidence.points[-1].risk)} are wrong if none "
        f"is withheld.\n\n{told}\n\n{_OPTIMISTIC}"
    )


def _kept(confidence: Confidence, risk: float) -> str:
    point = point_for(confidence, risk)
    if point is None:
        return f"risk {_percent(risk)}: no threshold keeps it; the lowest risk is {_percent(confidence.lowest_risk)}"
    return (
        f"risk {_percent(risk)}: answers from {point.threshold:.3f} upwards, which are {_percent(point.coverage)} of "
        f"all; {_percent(point.risk)} of them are wrong"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _name_of(recipe: Recipe) -> str:
    """What the model does; the recipe's own title is that of a row of a table."""
    source = {("audio", "text"): "speech and its words", ("audio",): "speech", ("text",): "words"}[
        (*recipe.front_ends,)
    ]
    return f"Emotion from {source}: {', '.join(recipe.classes)}"


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
