"""Checkpoints of transformers as models: labels become classes, two become one model, and what was done is told."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from tiny_classifiers import CARD, save_audio_classifier, save_text_classifier
from torch import Tensor, nn
from transformers import Wav2Vec2FeatureExtractor, pipeline

from emoduet import EmotionRecognizer, Utterance
from emoduet.audio import read_audio
from emoduet.classifiers import BY_NAME, ClassScores, FusedClassifierSystem, kind_of, load_classifiers
from emoduet.errors import CheckpointError, InputError
from emoduet.systems.inputs import Inputs
from emoduet.types import Failure

NOT_CALIBRATED = (
    "probabilities are the checkpoints' own: not calibrated by emoduet, and how often they are right on recordings "
    "like yours is not known"
)
TERMS = "; what it learned from has terms of its own"


@pytest.fixture(scope="module")
def ear(tmp_path_factory) -> str:
    """Takes waveforms as they are, so that a normalisation nobody asked for would show."""
    folder = save_audio_classifier(tmp_path_factory.mktemp("models") / "ear", card=CARD.format("apache-2.0"))
    Wav2Vec2FeatureExtractor(do_normalize=False).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def eye(tmp_path_factory) -> str:
    return str(save_text_classifier(tmp_path_factory.mktemp("models") / "eye"))


@pytest.fixture(scope="module")
def call(tmp_path_factory) -> str:
    """1.3 s of 44.1 kHz stereo noise."""
    path = tmp_path_factory.mktemp("calls") / "call.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (57_330, 2)), 44_100)
    return str(path)


class Answering(nn.Module):
    """Stands for a checkpoint: gives the rows of probabilities it is handed."""

    def forward(self, rows: list[Tensor]) -> Tensor:
        return torch.stack(rows).log()


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# Arithmetic


def test_probabilities_of_labels_of_one_class_are_summed_and_the_rest_scaled_to_one():
    """(0.1 + 0.2) and 0.4 of 0.7; the label of 0.3 is left out."""
    scores = ClassScores(Answering(), [[0, 1], [3]])
    (row,) = scores([torch.tensor([0.1, 0.2, 0.3, 0.4])]).exp().tolist()
    assert row == pytest.approx([0.3 / 0.7, 0.4 / 0.7])


def test_probabilities_of_their_own_are_divided_by_their_sum():
    """Labels that may hold side by side: 0.9, 0.6 and 0.5."""
    (row,) = ClassScores(Answering(), [[0], [1, 2]])([torch.tensor([0.9, 0.6, 0.5])]).exp().tolist()
    assert row == pytest.approx([0.45, 0.55])


def test_a_class_is_found_where_nearly_all_probability_was_left_out():
    scores = ClassScores(Answering(), [[0], [1]])
    (row,) = scores([torch.tensor([3e-38, 1e-38, 1.0])]).exp().tolist()
    assert row == pytest.approx([0.75, 0.25], abs=1e-5)


def fused(audio: list[float], text: list[float], audio_weight: float = 0.25) -> list[float]:
    own = ClassScores(Answering(), [[0], [1]])
    system = FusedClassifierSystem(own, ClassScores(Answering(), [[0], [1]]), audio_weight=audio_weight)
    (row,) = system(Inputs([torch.tensor(audio)], [torch.tensor(text)])).softmax(dim=1).tolist()
    return row


def test_the_fused_probability_is_the_weighted_mean():
    """0.25 x 0.9 + 0.75 x 0.2 = 0.375."""
    assert fused([0.9, 0.1], [0.2, 0.8]) == pytest.approx([0.375, 0.625])
    assert fused([0.2, 0.8], [0.9, 0.1], audio_weight=0.1) == pytest.approx([0.83, 0.17])


def test_where_one_is_absent_the_other_answers_alone():
    assert fused([], [0.2, 0.8]) == pytest.approx([0.2, 0.8])
    assert fused([0.9, 0.1], []) == pytest.approx([0.9, 0.1])


# Labels


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (("angry", "anger", "ang"), "angry"),
        (("happy", "happiness", "hap", "joy", "excited", "excitement", "exc"), "happy"),
        (("neutral", "neutral state", "neu"), "neutral"),
        (("sad", "sadness"), "sad"),
        (("calm", "frustration", "fru", "fear", "disgust", "surprise", "xxx", "love"), None),
    ],
)
def test_labels_become_classes_by_name(labels, wanted):
    assert {BY_NAME.class_of(label) for label in labels} == {wanted}


def test_capitals_and_blanks_do_not_matter(tmp_path):
    folder = save_audio_classifier(tmp_path, labels=("Neutral", " HAPPY ", "Calm", "Sadness"))
    assert load_classifiers(str(folder), None).classes == ("happy", "neutral", "sad")


def test_a_label_map_decides_instead_of_names(eye, tmp_path):
    label_map = write(tmp_path / "map.toml", 'anger = "tense"\nfear = "tense"\njoy = "not tense"\n')
    found = load_classifiers(None, eye, label_map=label_map)
    assert found.classes == ("not tense", "tense")
    assert found.notes[0] == f"{eye}: its labels: not tense is joy; tense is anger + fear"
    assert found.notes[1].startswith(f"{eye}: left out: disgust, neutral, sadness, surprise; ")


def test_one_label_map_serves_two_checkpoints(ear, eye, tmp_path):
    wanted = {"ang": "cross", "anger": "cross", "hap": "glad", "joy": "glad", "fear": "afraid"}
    found = load_classifiers(ear, eye, label_map=write(tmp_path / "map.json", json.dumps(wanted)))
    assert found.classes == ("cross", "glad")
    assert f"{eye}: left out: disgust, fear, neutral, sadness, surprise; " in "\n".join(found.notes)


# As a recogniser


def piped(task: str, folder: str, given: object) -> dict[str, float]:
    return {one["label"]: one["score"] for one in pipeline(task, model=folder, device="cpu")(given, top_k=None)}


def test_a_recording_is_resampled_and_answered_as_by_the_pipeline(ear, call):
    (answer,) = EmotionRecognizer(load_classifiers(ear, None)).predict(call)
    wanted = piped("audio-classification", ear, read_audio(call))
    names = {"ang": "angry", "hap": "happy", "neu": "neutral", "sad": "sad"}
    assert answer.probabilities == pytest.approx({names[one]: score for one, score in wanted.items()}, abs=1e-5)
    assert list(answer.probabilities) == ["angry", "happy", "neutral", "sad"]


def test_words_are_answered_as_by_the_pipeline(eye):
    (answer,) = EmotionRecognizer(load_classifiers(None, eye)).predict(text="oh no")
    wanted = piped("text-classification", eye, "oh no")
    kept = {"angry": "anger", "happy": "joy", "neutral": "neutral", "sad": "sadness"}
    total = sum(wanted[label] for label in kept.values())
    assert answer.probabilities == pytest.approx({name: wanted[one] / total for name, one in kept.items()}, abs=1e-5)


def test_both_are_averaged_with_the_weight_that_was_stated(ear, eye, call):
    (heard,) = EmotionRecognizer(load_classifiers(ear, None)).predict(call)
    (read,) = EmotionRecognizer(load_classifiers(None, eye)).predict(text="oh no")
    (answer,) = EmotionRecognizer(load_classifiers(ear, eye, audio_weight=0.3)).predict(call, "oh no")
    wanted = {name: 0.3 * heard.probabilities[name] + 0.7 * read.probabilities[name] for name in heard.probabilities}
    assert answer.probabilities == pytest.approx(wanted, abs=1e-6)


def test_an_answer_does_not_depend_on_its_company(ear, eye, call):
    recogniser = EmotionRecognizer(load_classifiers(ear, eye))
    texts = ["oh no", "", "what a lovely day", "well"]
    utterances = [
        Utterance(id=str(number), audio=call, start=0.1 * number, end=0.3 + 0.2 * number, transcript=text)
        for number, text in enumerate(texts)
    ]
    together = list(recogniser.predict_each([*utterances, Utterance(id="broken", audio="nowhere.wav", transcript="")]))
    assert isinstance(together.pop(), Failure)
    assert together == [answer for one in utterances for answer in recogniser.predict_each([one])]


def test_words_or_sound_may_be_lacking_where_both_are_taken(ear, eye, call):
    heard = next(EmotionRecognizer(load_classifiers(ear, None)).predict_each([Utterance(id="a", audio=call)]))
    read = next(EmotionRecognizer(load_classifiers(None, eye)).predict_each([Utterance(id="b", transcript="oh no")]))
    both = EmotionRecognizer(load_classifiers(ear, eye))
    answers = [Utterance(id="a", audio=call), Utterance(id="b", transcript="oh no"), Utterance(id="c")]
    alone_a, alone_b, nothing = both.predict_each(answers)
    assert alone_a.probabilities == pytest.approx(heard.probabilities, abs=1e-6)
    assert alone_b.probabilities == pytest.approx(read.probabilities, abs=1e-6)
    assert nothing.error == "utterance c: neither a sound file nor a transcript; need one of the two"


def test_a_model_says_what_it_takes(ear, eye):
    takes = [(one.system.hears, one.system.reads, one.system.may_lack) for one in
             (load_classifiers(ear, None), load_classifiers(None, eye), load_classifiers(ear, eye))]  # fmt: skip
    assert takes == [(True, False, False), (False, True, False), (True, True, True)]


# What is told


def test_one_checkpoint_is_described(ear):
    found = load_classifiers(ear, None)
    assert found.name == ear and found.temperature == 1.0 and found.licences == {ear: "apache-2.0"}
    assert found.notes == (
        f"{ear}: its labels: angry is ang; happy is hap; neutral is neu; sad is sad",
        f"{ear}: licence apache-2.0, says its model card{TERMS}",
        NOT_CALIBRATED,
    )


def test_two_checkpoints_are_described(ear, eye):
    found = load_classifiers(ear, eye, audio_weight=0.3)
    assert found.name == f"{ear} + {eye}"
    assert found.licences == {ear: "apache-2.0", eye: "not stated"}
    assert found.notes[2:] == (
        f"{eye}: its labels: angry is anger; happy is joy; neutral is neutral; sad is sadness",
        f"{eye}: left out: disgust, fear, surprise; their probability is shared out among the classes",
        f"{eye}: licence not stated{TERMS}",
        f"a probability is 0.3 x that of {ear} + 0.7 x that of {eye}",
        NOT_CALIBRATED,
    )


def test_what_a_checkpoint_does_not_hear_and_how_its_labels_hold_is_told(tmp_path):
    labels = ("neutral", "sad", "calm", "joy", "exc")
    folder = str(save_audio_classifier(tmp_path, "ast", labels, problem_type="multi_label_classification"))
    assert load_classifiers(folder, None).notes[:4] == (
        f"{folder}: its labels: happy is joy + exc; neutral is neutral; sad is sad",
        f"{folder}: left out: calm; their probability is shared out among the classes",
        f"{folder}: its labels may hold side by side; their probabilities are divided by their sum",
        f"{folder}: listens to the first 0.64 s of a segment only",
    )


# Which is which


def test_a_checkpoint_is_known_by_its_family(ear, eye, tmp_path):
    assert kind_of(ear) == "audio" and kind_of(eye) == "text"
    write(tmp_path / "config.json", '{"format": "emoduet", "model_type": "bert"}')
    assert kind_of(str(tmp_path)) == "emoduet"


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_what_nobody_knows_is_left_to_the_reader_of_models(tmp_path, content):
    assert kind_of(str(tmp_path)) == "emoduet"
    write(tmp_path / "config.json", content)
    assert kind_of(str(tmp_path)) == "emoduet"


def test_a_model_of_another_kind_is_named(tmp_path):
    write(tmp_path / "config.json", '{"model_type": "vits"}')
    with pytest.raises(CheckpointError, match=r"holds a vits model; need a model that emoduet wrote, or a checkpoint"):
        kind_of(str(tmp_path))


# What is refused


def test_nothing_given():
    with pytest.raises(InputError, match=r"classifiers: got none; name a checkpoint"):
        load_classifiers(None, None)


@pytest.mark.parametrize("audio_weight", [0, 1, -0.1, float("nan")])
def test_a_weight_that_is_no_share(ear, eye, audio_weight):
    with pytest.raises(InputError, match=rf"audio weight {audio_weight}; need a share between 0 and 1"):
        load_classifiers(ear, eye, audio_weight=audio_weight)


def test_the_weight_of_one_alone_does_not_matter(ear):
    assert load_classifiers(ear, None, audio_weight=1.0).classes == ("angry", "happy", "neutral", "sad")


def test_a_model_of_emoduet(ear, tmp_path):
    write(tmp_path / "config.json", '{"format": "emoduet", "format_version": 1}')
    with pytest.raises(InputError, match=r"is a model of emoduet, .* `emoduet predict .* EmotionRecognizer\.load"):
        load_classifiers(ear, str(tmp_path))


def test_labels_that_say_nothing(tmp_path):
    folder = str(save_audio_classifier(tmp_path / "model", labels=("LABEL_0", "LABEL_1")))
    with pytest.raises(InputError, match=r'calls a label LABEL_0, .*\(--label-map FILE\) .*: LABEL_0 = "angry"'):
        load_classifiers(folder, None)
    label_map = write(tmp_path / "map.toml", 'LABEL_0 = "sad"\nLABEL_1 = "angry"\n')
    assert load_classifiers(folder, None, label_map=label_map).classes == ("angry", "sad")


def test_a_label_map_of_other_labels(ear, tmp_path):
    label_map = write(tmp_path / "map.toml", 'ang = "angry"\nanger = "angry"\nsad = "sad"\n')
    with pytest.raises(InputError, match=r"map\.toml: anger: no label of .*ear, which has ang, hap, neu, sad"):
        load_classifiers(ear, None, label_map=label_map)


def test_fewer_than_two_classes(ear, tmp_path):
    folder = str(save_text_classifier(tmp_path / "model", labels=("negative", "neutral", "positive")))
    with pytest.raises(InputError, match=r"become 1 classes .*model: neutral\); need two .*--label-map"):
        load_classifiers(None, folder)
    with pytest.raises(InputError, match=r"ear: angry, happy, neutral, sad; .*model: neutral\)"):
        load_classifiers(ear, folder)
