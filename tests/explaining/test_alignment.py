"""Which words met which moments: pieces become words, frames become seconds, and a hidden answer is found."""

import re

import numpy as np
import pytest
import soundfile
from little_models import write_model, write_recordings
from planted import AsItIs, EveryFourth, Loudness, Shouted, like_meets_like

from emoduet.batching import InputReader
from emoduet.build import Model, build_model, restore_model
from emoduet.config import read_recipe
from emoduet.errors import InputError
from emoduet.explaining.attention import align, received_by_spans, received_by_words
from emoduet.explaining.types import Alignment
from emoduet.nn.pooling import StatisticsPooling
from emoduet.pretrained.tiny import MAX_TOKENS, train_tokenizer
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.types import Utterance


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Model:
    return restore_model(write_model(tmp_path_factory.mktemp("model") / "m"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> str:
    return write_recordings(tmp_path_factory.mktemp("calls"), 1)[0]  # 0.3 s


def aligned(model: Model, sound: str, transcript: str):
    return align(model, Utterance(id="u", audio=sound, transcript=transcript))


def test_words_are_put_together_from_their_pieces(model, sound):
    transcript = "Stop,  stopping... don't!"
    pieces = model.reader.tokenizer.tokenize(transcript)
    assert len(pieces) > 3
    alignment = aligned(model, sound, transcript)
    assert alignment.words == ("Stop,", "stopping...", "don't!")
    _, (cma_2,) = model.system.attention(model.reader.read([Utterance(id="u", audio=sound, transcript=transcript)]))
    rows = cma_2.mean(dim=0).numpy()[1:-1]  # without the tokenizer's own two tokens
    ends = [0, *np.cumsum([len(model.reader.tokenizer.tokenize(word)) for word in transcript.split()])]
    for number, row in enumerate(alignment.moments_of_words):
        np.testing.assert_allclose(row, rows[ends[number] : ends[number + 1]].mean(axis=0), atol=1e-7)


def test_shapes_sums_and_times(model, sound):
    alignment = aligned(model, sound, "no stop it")
    assert alignment.times == pytest.approx([0.0125, 0.0925, 0.1725, 0.2525])  # 0.3 s
    assert alignment.moments_of_words.shape == (3, 4)
    assert alignment.words_of_moments.shape == (4, 3)
    np.testing.assert_allclose(alignment.moments_of_words.sum(axis=1), 1, atol=1e-6)
    assert (alignment.words_of_moments.sum(axis=1) < 1).all()  # some went to the tokenizer's own tokens
    (cma_1,), _ = model.system.attention(model.reader.read([Utterance(id="u", audio=sound, transcript="no stop it")]))
    own = cma_1.mean(dim=0).numpy()[:, [0, -1]].sum(axis=1)
    np.testing.assert_allclose(alignment.words_of_moments.sum(axis=1) + own, 1, atol=1e-6)


def test_words_beyond_the_longest_input_are_left_out(model, sound):
    alignment = aligned(model, sound, "no " * (MAX_TOKENS + 10))
    assert len(alignment.words) == len(alignment.moments_of_words) == MAX_TOKENS - 2
    assert alignment.words_of_moments.shape[1] == MAX_TOKENS - 2


def test_no_sound_has_no_moments(model):
    with pytest.raises(InputError, match="utterance u: no sound file, so no moments; attention needs sound and words"):
        align(model, Utterance(id="u", transcript="no"))


@pytest.mark.parametrize("transcript", [None, "", "  \n", "\u200b"])
def test_no_words_have_no_moments(model, sound, transcript):
    with pytest.raises(InputError, match=re.escape(f"utterance u: no words in {transcript!r}, so no moments of words")):
        aligned(model, sound, transcript)


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [("demo-audio-only", "audio"), ("demo-text-only", "text"), ("demo-late-fusion", "late-fusion")],
)
def test_other_systems_have_no_attention(tmp_path, sound, recipe, kind):
    other = restore_model(write_model(tmp_path / "m", recipe))
    with pytest.raises(InputError, match=f"attention: this {kind} model has none; use one of the cross-modal system"):
        aligned(other, sound, "no")


@pytest.mark.parametrize("direction", ["cma-1", "cma-2"])
def test_one_direction_alone_is_not_explained(tmp_path, sound, direction):
    half = restore_model(write_model(tmp_path / "m", f"demo-ablation-{direction}-only"))
    told = rf"does not attend both ways \(cross_modal_attention\.directions = '{direction}'\); use one that does"
    with pytest.raises(InputError, match=told):
        aligned(half, sound, "no")


FRAMES = '[audio_encoder]\n[frames]\nkind = "mfcc"\nsize = 13\nstandardise = "nothing"\n'
WORDS_OF = '[text_encoder]\n[words]\nkind = "{}"\nsize = 8\nmin_count = 1\nvectors = ""\ntrains = true\n'


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        (FRAMES, r"\[frames\]: at"),
        (WORDS_OF.format("words"), r"\[words\]: at"),
        (FRAMES + WORDS_OF.format("phonemes"), r"\[frames\] and \[words\]: at"),
    ],
)
def test_what_is_computed_by_rule_has_no_known_place(tmp_path, sound, sections, told):
    """Its frames are not 20 ms apart, and phonemes have no letters."""
    (tmp_path / "by-rule.toml").write_text(f'extends = "demo-paper"\nname = "by-rule"\n{sections}')
    by_rule = build_model(read_recipe(str(tmp_path / "by-rule.toml")), ["no"])
    with pytest.raises(InputError, match=f"attention: this model stands on {told} .+; use one with audio_encoder and"):
        aligned(by_rule, sound, "no")


def test_a_shouted_word_is_found_where_it_was_shouted(tmp_path):
    tokenizer = train_tokenizer(["i told you", "to leave", "now please"])
    sound = 0.01 * np.sin(np.arange(32_000) / 5)
    sound[16_000:20_000] *= 50  # loud from 1.0 s to 1.25 s
    soundfile.write(tmp_path / "call.wav", sound, 16_000)
    leave = set(tokenizer("leave", add_special_tokens=False)["input_ids"])
    blocks = (Loudness(), Shouted(leave), EveryFourth(), AsItIs(), like_meets_like(), like_meets_like())
    system = CrossModalSystem(*blocks, StatisticsPooling(), num_classes=4)
    reader = InputReader(hears=True, normalised=False, tokenizer=tokenizer)
    model = Model(read_recipe("demo-paper"), None, system.eval(), reader)
    alignment = align(model, Utterance(id="u", audio=str(tmp_path / "call.wav"), transcript="I told you to LEAVE, now"))
    loud = (alignment.times >= 0.99) & (alignment.times <= 1.26)
    rows = dict(zip(alignment.words, alignment.moments_of_words, strict=True))
    assert list(rows) == ["I", "told", "you", "to", "LEAVE,", "now"]
    assert loud.sum() in (3, 4)
    assert rows["told"][loud].sum() < 0.05
    assert alignment.times[rows["LEAVE,"].argmax()] == pytest.approx(1.125, abs=0.13)
    of_word = alignment.words_of_moments[:, list(rows).index("LEAVE,")]
    assert of_word[loud].min() > of_word[~loud].max()


def test_a_score_is_what_was_received():
    """Two words, four moments; the last moment lies from 0.2125 to 0.2925 s, 15/32 of it in the first stretch."""
    alignment = Alignment(
        words=("no", "stop"),
        times=np.array([0.0125, 0.0925, 0.1725, 0.2525]),
        moments_of_words=np.array([[0.1, 0.2, 0.3, 0.4], [0.3, 0.2, 0.1, 0.4]]),
        words_of_moments=np.array([[0.5, 0.1], [0.4, 0.2], [0.3, 0.3], [0.0, 0.8]]),
    )
    assert received_by_words(alignment) == pytest.approx([0.3, 0.35])
    times = np.array([[0, 0.25], [0.25, 0.3]])
    assert received_by_spans(alignment, times) == pytest.approx([0.6 + 0.4 * 15 / 32, 0.4 * 17 / 32])
