"""E-vectors by hand, the system's forward by loops, its support vector machines beside scikit-learn's."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from torch import nn

from emoduet.errors import ConfigError
from emoduet.nn.packing import pack
from emoduet.systems.e_vector import EVectorSystem, LinearSvm, emotion_vectors
from emoduet.systems.inputs import Inputs

WORDS, SIZE, CLASSES = 60, 6, 3
END = 1
ALIKE = (1.0, 1.0, 1.0)


class Functionals(nn.Module):
    """Stands in for a front end that gives one row an utterance."""

    hidden_size = SIZE

    def forward(self, waveforms):
        return pack(waveforms)


class Words(nn.Module):
    """Stands in for a table of words."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(WORDS, 1)


def new_system(num_classes=CLASSES, **changes):
    numbers = {"smoothing": 1.0, "acoustic_penalty": 0.1, "lexical_penalty": 0.1, "audio_weight": 0.5}
    return EVectorSystem(Functionals(), Words(), num_classes, **numbers | changes)


def corpus(count, seed, heard=1.0, said=0.6):
    """Rows that lie `heard` from each other by class, and sentences whose words are the class's own with chance
    `said`: each class has 19 of the 57 words."""
    random = np.random.default_rng(seed)
    targets = torch.arange(count) % CLASSES
    rows, sentences = [], []
    for target in targets.tolist():
        row = random.normal(0, 1, (1, SIZE))
        row[0, target] += heard
        of = np.where(random.random(4) < said, target, random.integers(0, CLASSES, 4))
        rows.append(torch.tensor(row).float())
        sentences.append(torch.tensor([*(3 + 19 * of + random.integers(0, 19, 4)), END]))
    return Inputs(rows, sentences), targets


def fitted(inputs, targets, **changes):
    system = new_system(**changes)
    system.fit(inputs, targets, ALIKE)
    return system


def share_right(system, inputs, targets):
    return float((system(inputs).argmax(dim=1) == targets).float().mean())


# The emotion vector


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((1.0, 1.0), [[4 / 9, 5 / 9], [4 / 9, 5 / 9], [1 / 6, 5 / 6], [1 / 3, 2 / 3]]),
        ((2.0, 1.0), [[5 / 8, 3 / 8], [5 / 8, 3 / 8], [1 / 4, 3 / 4], [1 / 2, 1 / 2]]),
    ],
)
def test_the_share_of_each_emotion_among_the_utterances_that_hold_a_word(weights, expected):
    """Smoothing 1: with equal weights the shares of the classes are 1/3 and 2/3, else 1/2 and 1/2; no one says the
    last word."""
    held = csr_array([[1.0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0]])
    found = emotion_vectors(held, np.array([0, 1, 1]), np.array(weights), smoothing=1.0)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_smoothing_is_in_utterances():
    found = emotion_vectors(csr_array([[1.0], [1.0], [0.0]]), np.array([0, 0, 1]), np.ones(2), smoothing=6.0)
    np.testing.assert_allclose(found, [[(2 + 4) / 8, 2 / 8]])


def test_the_system_keeps_the_vectors_of_its_training_utterances():
    """Word 5 is said twice by the first class, word 6 by all three."""
    tokens = [torch.tensor([*words, END]) for words in ([5, 6], [6, 6, 6], [6], [5], [7], [8])]
    targets = torch.tensor([0, 1, 2, 0, 1, 2])
    system = fitted(Inputs([torch.eye(6)[[row]] for row in range(6)], tokens), targets)
    torch.testing.assert_close(system.emotion_vectors[5], torch.tensor([(2 + 1 / 3) / 3, 1 / 9, 1 / 9]))
    torch.testing.assert_close(system.emotion_vectors[[6, 2]], torch.full((2, 3), 1 / 3))


def test_the_end_of_an_utterance_is_no_word():
    """Three of four utterances are of the first class: p = (3/4, 1/4). Word 5 stands in one of each, so that with
    smoothing 1 it has (1 + 3/4) / 3. The end stands in all four, and has p, as the utterance of nothing else has."""
    tokens = [torch.tensor([*words, END]) for words in ([5], [5, 6], [6], [])]
    inputs, targets = Inputs([torch.zeros(1, SIZE)] * 4, tokens), torch.tensor([0, 1, 0, 0])
    system = new_system(num_classes=2, audio_weight=0.0)
    system.fit(inputs, targets, (1.0, 1.0))
    torch.testing.assert_close(system.emotion_vectors[END], torch.tensor([3 / 4, 1 / 4]))
    system.emotion_scale, seen = nn.Identity(), []
    system.lexical_svm.register_forward_pre_hook(lambda machine, values: seen.extend(values))
    assert system(inputs).isfinite().all()
    bags, emotions = seen[0].split([WORDS, 2], dim=1)
    of_five = [(1 + 3 / 4) / 3, (1 + 1 / 4) / 3]
    torch.testing.assert_close(emotions[[0, 3]], torch.tensor([of_five, [3 / 4, 1 / 4]]))
    assert bags[:, END].tolist() == [0, 0, 0, 0] and bags[3].tolist() == [0] * WORDS
    torch.testing.assert_close(bags[:3, 5:7], torch.tensor([[1, 0], [0.5**0.5, 0.5**0.5], [0, 1]]))


def test_an_utterance_of_nothing_else_is_fitted_to_the_shares_of_the_others(monkeypatch):
    """p of the other parts: four fifths of ten utterances, half of them of each class but for its own part's two."""
    seen = []
    monkeypatch.setattr(LinearSvm, "fit", lambda self, values, labels, class_weights: seen.append(values.toarray()))
    monkeypatch.setattr("emoduet.systems.e_vector.Standardiser.fit", lambda self, values: None)
    targets = torch.arange(10) % 2
    system = new_system(num_classes=2)
    system.fit(Inputs([torch.zeros(1, SIZE)] * 10, [torch.tensor([END])] * 10), targets, (1.0, 1.0))
    part = np.random.default_rng(0).permutation(10) % 5
    for row, values in enumerate(seen[1]):
        others = targets.numpy()[part != part[row]]
        np.testing.assert_allclose(values[WORDS:], [np.mean(others == 0), np.mean(others == 1)], atol=1e-6)
        assert not values[:WORDS].any()


def test_no_utterance_trains_on_emotion_vectors_that_hold_its_own_label(monkeypatch):
    inputs, targets = corpus(40, seed=0)
    seen, solve = [], LinearSvm.fit

    def note_and_solve(self, values, labels, class_weights):
        seen.append(values.toarray())
        solve(self, values, labels, class_weights)

    monkeypatch.setattr(LinearSvm, "fit", note_and_solve)
    monkeypatch.setattr("emoduet.systems.e_vector.Standardiser.fit", lambda self, values: None)
    fitted(inputs, targets)
    other = targets.clone()
    other[7] = (targets[7] + 1) % CLASSES
    fitted(inputs, other)
    before, after = seen[1][:, WORDS:], seen[3][:, WORDS:]
    np.testing.assert_array_equal(before[7], after[7])
    assert np.abs(before - after).max() > 0.01
    np.testing.assert_allclose(before.sum(axis=1), 1, atol=1e-6)


def test_what_is_said_is_understood_through_the_emotion_vectors():
    """Sentences alone: right far above a third, and no longer once all words are equally emotional."""
    system = fitted(*corpus(240, seed=0, heard=0.0), audio_weight=0.0, lexical_penalty=0.001)
    unseen, targets = corpus(300, seed=1, heard=0.0)
    assert share_right(system, unseen, targets) > 0.75
    system.emotion_vectors.copy_(system.emotion_scale.mean.expand(WORDS, CLASSES))
    system.lexical_svm.weight[:, :WORDS] = 0.0
    assert share_right(system, unseen, targets) == pytest.approx(1 / 3, abs=0.01)


# The forward


def test_forward_is_the_fusion_of_two_machines():
    torch.manual_seed(0)
    system = new_system(audio_weight=0.3)
    for buffer in system.buffers():
        buffer.copy_(torch.rand(buffer.shape) + 0.5)
    inputs = Inputs(
        [torch.randn(1, SIZE) for _ in range(3)], [torch.tensor(ids) for ids in ([4, 9, 4, END], [END], [2, 3, END])]
    )
    acoustic, lexical = system.acoustic_svm, system.lexical_svm
    for row, logits in enumerate(system(inputs)):
        words = sorted(set(inputs.tokens[row].tolist()) - {END})
        bag = torch.zeros(WORDS)
        bag[words] = max(len(words), 1) ** -0.5
        emotions = sum(system.emotion_vectors[word] for word in words or [END]) / max(len(words), 1)
        said = torch.cat([bag, (emotions - system.emotion_scale.mean) / system.emotion_scale.scale])
        heard = (inputs.waveforms[row][0] - system.functionals_scale.mean) / system.functionals_scale.scale
        for number in range(CLASSES):
            of_sound = acoustic.weight[number] @ heard + acoustic.bias[number]
            of_words = lexical.weight[number] @ said + lexical.bias[number]
            torch.testing.assert_close(logits[number], 0.3 * of_sound + 0.7 * of_words, rtol=1e-4, atol=1e-5)


def test_alone_and_in_a_batch_the_answer_is_the_same():
    inputs, targets = corpus(40, seed=0)
    system = fitted(inputs, targets)
    alone = [system(Inputs([inputs.waveforms[row]], [inputs.tokens[row]])) for row in range(40)]
    torch.testing.assert_close(system(inputs), torch.cat(alone), atol=1e-5, rtol=0)


# The fit


def test_the_acoustic_machine_is_scikit_learns():
    inputs, targets = corpus(60, seed=0)
    system = new_system()
    system.fit(inputs, targets, (1.0, 2.0, 0.5))
    rows = torch.cat(inputs.waveforms)
    scaled = StandardScaler().fit_transform(rows.numpy())
    peer = LinearSVC(C=0.1, dual=False, class_weight={0: 1.0, 1: 2.0, 2: 0.5}, tol=1e-8).fit(scaled, targets)
    found = system.acoustic_svm(system.functionals_scale(rows))
    np.testing.assert_allclose(found.numpy(), peer.decision_function(scaled), atol=1e-3)


def test_the_lexical_machine_is_fitted_to_bags_of_words(monkeypatch):
    """Each different word of an utterance by one over the root of their number."""
    seen = []
    monkeypatch.setattr(LinearSvm, "fit", lambda self, values, labels, class_weights: seen.append(values.toarray()))
    sentences = ([5], [6, 6, 6], [5, 6, 7, 8], [7], [8, 5, 8, 6, 7], [6])
    tokens = [torch.tensor([*words, END]) for words in sentences]
    new_system().fit(Inputs([torch.zeros(1, SIZE)] * 6, tokens), torch.arange(6) % CLASSES, ALIKE)
    expected = np.zeros((6, WORDS))
    for row, words in enumerate(sentences):
        expected[row, words] = len(set(words)) ** -0.5
    np.testing.assert_allclose(seen[1][:, :WORDS], expected)


def test_a_value_that_never_changes_is_left_alone():
    inputs, targets = corpus(30, seed=0)
    rows = [torch.cat([row[:, :-1], torch.full((1, 1), 7.0)], dim=1) for row in inputs.waveforms]
    system = fitted(Inputs(rows, inputs.tokens), targets)
    assert float(system.functionals_scale.scale[-1]) == 1.0
    assert system(Inputs(rows, inputs.tokens)).isfinite().all()


def test_of_two_classes_each_has_its_own_score():
    inputs, targets = corpus(60, seed=0)
    targets = (targets == 1).long()
    system = new_system(num_classes=2)
    system.fit(inputs, targets, (1.0, 1.0))
    logits = system(inputs)
    torch.testing.assert_close(logits[:, 0], -logits[:, 1])
    assert share_right(system, inputs, targets) > 0.8


def test_both_machines_know_more_than_each():
    (learnt, labels), (unseen, targets) = corpus(300, seed=0, said=0.4), corpus(600, seed=1, said=0.4)
    system, found = fitted(learnt, labels), []
    for system.audio_weight in (1.0, 0.5, 0.0):
        found.append(share_right(system, unseen, targets))
    assert found[1] > max(found[0], found[2]) + 0.04


def test_shuffled_labels_stay_at_chance():
    """One shuffle strays by 0.07, since whole classes may happen to get one label more often; their mean does not."""
    (inputs, targets), (unseen, truth) = corpus(300, seed=10), corpus(600, seed=11)
    random = torch.Generator().manual_seed(0)
    shuffles = [fitted(inputs, targets[torch.randperm(300, generator=random)]) for _ in range(16)]
    found = [share_right(system, unseen, truth) for system in shuffles]
    assert np.mean(found) == pytest.approx(1 / 3, abs=0.05)


def test_the_same_inputs_give_the_same_numbers():
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        np.random.seed(seed)
        found.append(dict(fitted(*corpus(60, seed=0)).named_buffers()))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_a_pretrained_text_encoder_has_no_words_to_count():
    with pytest.raises(ConfigError, match=r"got a pretrained text encoder; want \[words\] in the recipe"):
        EVectorSystem(
            Functionals(),
            Functionals(),
            3,
            smoothing=1.0,
            acoustic_penalty=1.0,
            lexical_penalty=1.0,
            audio_weight=0.5,
        )
