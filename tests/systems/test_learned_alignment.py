"""Each word attends to the speech of its own utterance; a recurrent layer reads words beside what they heard."""

import math

import pytest
import torch
from stand_ins import small_system, utterances

from emoduet.config import read_recipe
from emoduet.errors import ConfigError


@pytest.fixture
def inputs():
    return utterances((9_000, 400, 5_123), (9, 1, 3))


def heard_by_hand(attention, words, speech):
    """For each word and head: a softmax over the frames, of dot products over the root of a head's size."""
    q, k, v = attention.query(words), attention.key(speech), attention.value(speech)
    size = q.shape[1] // attention.num_heads
    parts = []
    for head in range(attention.num_heads):
        columns = slice(head * size, (head + 1) * size)
        weights = torch.softmax(q[:, columns] @ k[:, columns].T / math.sqrt(size), dim=1)
        parts.append(weights @ v[:, columns])
    return attention.output(torch.cat(parts, dim=1))


def weighed_by_hand(block, words):
    """The GRU's answers to one utterance, weighed by a softmax over their scores."""
    states, _ = block.gru.gru(words)
    return (torch.softmax(states @ block.pool.score.weight[0], dim=0) @ states)[None]


def test_words_look_for_their_speech(inputs):
    system = small_system("demo-learned-alignment", gru_size=6, attention_size=8, num_heads=2).eval()
    answers = []
    for sound, tokens in zip(inputs.waveforms, inputs.tokens, strict=True):
        speech = system.speech_gru(system.audio_encoder([sound]).map(system.dense)).values
        words = system.text_gru(system.text_encoder([tokens])).values
        aligned = torch.cat([heard_by_hand(system.alignment, words, speech), words], dim=1)
        assert aligned.shape == (len(tokens), 8 + 12)
        answers.append(system.classifier(weighed_by_hand(system.fusion, aligned)))
    torch.testing.assert_close(system(inputs), torch.cat(answers))


def test_the_text_branch_is_that_of_the_whole_system(inputs):
    system = small_system("demo-learned-alignment-text").eval()
    answers = []
    for tokens in inputs.tokens:
        words, _ = system.text_gru.gru(system.text_encoder([tokens]).values)
        answers.append(system.classifier(weighed_by_hand(system.attentive, words)))
    torch.testing.assert_close(system(inputs), torch.cat(answers))
    whole, text = (read_recipe(name) for name in ("learned-alignment", "learned-alignment-text"))
    assert (text.words, text.training, text.optimizer) == (whole.words, whole.training, whole.optimizer)
    assert text.model["gru_size"] == whole.model["gru_size"]


def test_the_numbers_of_the_published_configuration():
    recipe = read_recipe("learned-alignment")
    assert recipe.model == {"dense_size": 512, "gru_size": 100, "attention_size": 200, "num_heads": 8, "dropout": 0.5}
    assert (recipe.frames.kind, recipe.frames.size, recipe.words.size) == ("power-spectrum", 257, 300)
    assert (recipe.optimizer.learning_rate, recipe.optimizer.max_gradient_norm) == (1e-3, 3.0)
    assert (recipe.training.epochs, recipe.training.batch_size) == (150, 64)
    assert recipe.frames.standardise == "training"


@pytest.mark.parametrize("name", ["learned-alignment", "learned-alignment-text"])
def test_the_rate_is_constant_as_theirs(name):
    recipe = read_recipe(name)
    assert recipe.schedule.patience >= recipe.training.epochs


@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        ("demo-learned-alignment", {"attention_size": 8, "num_heads": 2}, [12, 16, 12, 8, 12, 12]),
        ("demo-learned-alignment-text", {}, [16, 12, 12, 12]),
    ],
)
def test_dropout_stands_where_theirs_does(name, numbers, expected, inputs):
    """On speech's GRU, the vectors of words, their GRU, what they heard, and twice on what is pooled of 12 values."""
    system, widths = small_system(name, gru_size=6, **numbers), []
    system.dropout.register_forward_hook(lambda module, values, answer: widths.append(answer.shape[1]))
    system(inputs)
    assert widths == expected


def test_heads_that_do_not_divide_the_attention():
    with pytest.raises(ConfigError, match="8 values cannot be split evenly over 3 heads"):
        small_system("demo-learned-alignment", attention_size=8, num_heads=3)
