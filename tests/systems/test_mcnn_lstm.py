"""Two networks that classify and verify, and the fusion of their scores."""

import pytest
import torch
from company import chosen
from stand_ins import small_system, utterances
from torch.nn import functional

from emoduet.config import read_recipe
from emoduet.errors import ConfigError
from emoduet.systems.inputs import Inputs

CLASS_WEIGHTS = torch.tensor([1.0, 2.0, 3.0, 4.0])
TARGETS = torch.tensor([2, 0, 2, 1])


@pytest.fixture
def inputs():
    return utterances((9_000, 400, 5_123, 3_000), (9, 1, 3, 5))


def mcnn_lstm(**numbers):
    return small_system("demo-mcnn-lstm", dropout=0.0, **numbers).eval()


def embeddings(system, inputs):
    """The mean of the BLSTM's frames, and the MCNN's maxima."""
    heard = system.blstm(system.audio_encoder(inputs.waveforms)).unpack()
    return torch.stack([frames.mean(dim=0) for frames in heard]), system.mcnn(system.text_encoder(inputs.tokens))


def loss_by_hand(system, inputs, targets, verification_weight, margin):
    """For each utterance: mean of both networks, each (1 - v) classification + v mean over its pairs."""
    losses = torch.zeros(len(targets))
    classifiers = (system.audio_classifier, system.text_classifier)
    for vectors, classifier in zip(embeddings(system, inputs), classifiers, strict=True):
        classification = functional.cross_entropy(classifier(vectors), targets, reduction="none")
        for i, target in enumerate(targets):
            others = [j for j in range(len(targets)) if j != i]
            cosines = [functional.cosine_similarity(vectors[i], vectors[j], dim=0) for j in others]
            pairs = [
                1 - cosine if targets[j] == target else (cosine - margin).clamp(min=0)
                for j, cosine in zip(others, cosines, strict=True)
            ]
            verification = sum(pairs) / max(1, len(pairs))
            of_both = (1 - verification_weight) * classification[i] + verification_weight * verification
            losses[i] += CLASS_WEIGHTS[target] * of_both / 2
    return losses


@pytest.mark.parametrize(("verification_weight", "margin"), [(0.0, 0.0), (0.5, 0.2), (0.9, 0.0)])
def test_it_learns_from_classification_and_verification(inputs, verification_weight, margin):
    system = mcnn_lstm(verification_weight=verification_weight, verification_margin=margin)
    losses, logits = system.learn(inputs, TARGETS, CLASS_WEIGHTS)
    expected = loss_by_hand(system, inputs, TARGETS, verification_weight, margin)
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(logits, system(inputs))
    weights = [*system.blstm.parameters(), *system.mcnn.parameters()]
    found, wanted = (torch.autograd.grad(of_each.sum(), weights) for of_each in (losses, expected))
    torch.testing.assert_close(found, wanted)


def test_a_batch_of_one_has_no_pairs(inputs):
    system = mcnn_lstm(verification_weight=0.25)
    losses, _ = system.learn(chosen(inputs, [0]), TARGETS[:1], CLASS_WEIGHTS)
    audio, text = embeddings(system, chosen(inputs, [0]))
    logits = system.audio_classifier(audio), system.text_classifier(text)
    classification = sum(functional.cross_entropy(one, TARGETS[:1]) for one in logits) / 2
    torch.testing.assert_close(losses, 0.75 * CLASS_WEIGHTS[TARGETS[:1]] * classification)


@pytest.mark.parametrize("audio_weight", [1.0, 0.7, 0.5])
def test_scores_are_log_posteriors_averaged_with_their_weight(inputs, audio_weight):
    system = mcnn_lstm(audio_weight=audio_weight)
    audio, text = embeddings(system, inputs)
    posteriors = system.audio_classifier(audio).softmax(dim=1), system.text_classifier(text).softmax(dim=1)
    expected = posteriors[0] ** audio_weight * posteriors[1] ** (1 - audio_weight)
    torch.testing.assert_close(system(inputs).exp(), expected)


def test_the_networks_share_nothing(inputs):
    """With no weight on the text, it cannot move the answer; nor can it move what the audio network learns."""
    system = mcnn_lstm(audio_weight=1.0)
    others = Inputs(inputs.waveforms, inputs.tokens[::-1])
    assert torch.equal(system(inputs), system(others))
    audio = [*system.blstm.parameters(), *system.audio_classifier.parameters()]
    losses = [system.learn(one, TARGETS, CLASS_WEIGHTS)[0].sum() for one in (inputs, others)]
    assert losses[0] != losses[1]
    torch.testing.assert_close(*(torch.autograd.grad(loss, audio) for loss in losses))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.kernel_sizes=[]", "model.kernel_sizes"),
        ("model.kernel_sizes=[0]", "model.kernel_sizes"),
        ("model.verification_weight=1.0", "model.verification_weight"),
    ],
)
def test_numbers_that_make_no_system(override, message):
    with pytest.raises(ConfigError, match=message):
        read_recipe("mcnn-lstm", [override])
