"""After Jin, Li, Chen and Wu, "Speech emotion recognition with acoustic and lexical features" (ICASSP 2015): one
support vector machine for how it was said, one for what was said, and a late fusion of their scores.

The distinctive part is the emotion vector of a word. Our reading: with n_k(w) the training utterances of class k that
hold the word w, c_k the weight of the class, p_k its weighted share of all training utterances and a the smoothing,

    e_k(w) = (c_k n_k(w) + a p_k) / (sum_j c_j n_j(w) + a),

and an utterance has the mean of its different words'. A word that training lacks has p, and so has an utterance without
words: the end that closes every utterance is no word. The bag of words is the other lexical representation; codewords
and Gaussian supervectors, the source's further acoustic ones, are left out.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy.sparse import csr_array, diags_array, hstack, vstack
from torch import Tensor, nn

from emoduet.errors import ConfigError
from emoduet.nn.packing import moved, pack, utterance_index
from emoduet.nn.pooling import MeanPooling
from emoduet.nn.standardiser import Standardiser
from emoduet.systems.base import FittedSystem
from emoduet.systems.inputs import Inputs
from emoduet.types import Rate, Share

PARTS = 5
"""While fitting, an utterance gets the emotion vectors that the other parts give its words: those of all would hold its
own label, and be all that the SVM looks at."""
_AT_A_TIME = 256
"""Utterances whose bags of words are held dense together while fitting."""


class EVectorSystem(FittedSystem):
    """Functionals to one SVM, bag of words and emotion vectors to another, their scores averaged.

    Args:
        audio_encoder: gives functionals, one row an utterance; of more rows the mean counts.
        text_encoder: a table of words; only its vocabulary counts.
        smoothing: a in the formula above, in utterances.
        acoustic_penalty: C of the acoustic SVM, what an utterance on the wrong side costs; `lexical_penalty` likewise.
        audio_weight: of the acoustic scores; the lexical ones have the rest.
    """

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        num_classes: int,
        *,
        smoothing: Rate,
        acoustic_penalty: Rate,
        lexical_penalty: Rate,
        audio_weight: Share,
    ) -> None:
        super().__init__()
        self.audio_encoder, self.text_encoder = audio_encoder, text_encoder
        self.smoothing, self.audio_weight = smoothing, audio_weight
        num_words = _num_words(text_encoder)
        text_encoder.origin = "of which the vocabulary alone counts"  # what cards and runs tell of the table
        self.pool = MeanPooling()
        self.functionals_scale = Standardiser(audio_encoder.hidden_size)
        self.acoustic_svm = LinearSvm(audio_encoder.hidden_size, num_classes, acoustic_penalty)
        self.register_buffer("emotion_vectors", torch.full((num_words, num_classes), 1 / num_classes))
        self.emotion_scale = Standardiser(num_classes)
        self.lexical_svm = LinearSvm(num_words + num_classes, num_classes, lexical_penalty)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        functionals = self.functionals_scale(self.pool(self.audio_encoder(inputs.waveforms)))
        held = self._held(inputs.tokens)
        num_words = held.sum(dim=1, keepdim=True)
        of_words = held @ self.emotion_vectors / num_words.clamp(min=1)
        emotions = torch.where(num_words > 0, of_words, self.emotion_vectors[_ends(inputs.tokens)])
        bag = held / num_words.clamp(min=1).sqrt()
        lexical = torch.cat([bag, self.emotion_scale(emotions)], dim=1)
        share = self.audio_weight
        return share * self.acoustic_svm(functionals) + (1 - share) * self.lexical_svm(lexical)

    @torch.no_grad()
    def fit(self, inputs: Inputs, targets: Int64[Tensor, "utterances"], class_weights: Sequence[float]) -> None:
        """Scales and emotion vectors first, then both SVMs; the same inputs give the same numbers."""
        labels, weights = targets.cpu().numpy(), np.asarray(class_weights)
        functionals = self.pool(self.audio_encoder(inputs.waveforms))
        self.functionals_scale.fit([functionals])
        self.acoustic_svm.fit(csr_array(self.functionals_scale(functionals).cpu().numpy()), labels, weights)

        held = self._all_held(inputs.tokens)
        vectors = emotion_vectors(held, labels, weights, self.smoothing)
        self.emotion_vectors.copy_(torch.from_numpy(vectors))
        ends = _ends(inputs.tokens).cpu().numpy()
        unseen = torch.from_numpy(self._of_others(held, ends, labels, weights)).float()
        self.emotion_scale.fit([unseen])
        bags = diags_array(1 / np.sqrt(np.maximum(held.sum(axis=1), 1))) @ held
        emotions = self.emotion_scale(unseen.to(self.device)).cpu().numpy()
        self.lexical_svm.fit(hstack([bags, csr_array(emotions)], format="csr"), labels, weights)

    def _held(self, tokens: Sequence[Tensor]) -> Float[Tensor, "utterances words"]:
        """1 for each word that an utterance holds, however often; the end that closes it is none."""
        packed = pack(tokens)
        rows = moved(utterance_index(packed.lengths), packed.values.device)
        held = torch.zeros(len(tokens), len(self.emotion_vectors), device=packed.values.device)
        held[rows, packed.values] = 1.0
        return held.scatter_(1, _ends(tokens)[:, None], 0.0)

    def _all_held(self, tokens: Sequence[Tensor]) -> csr_array:
        """The same for a whole training, sparse."""
        portions = [tokens[first : first + _AT_A_TIME] for first in range(0, len(tokens), _AT_A_TIME)]
        return vstack([csr_array(self._held(portion).cpu().numpy().astype(float)) for portion in portions], "csr")

    def _of_others(self, held: csr_array, ends: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The mean of each utterance's emotion vectors, as the parts that it is not in give them."""
        part = np.random.default_rng(0).permutation(len(labels)) % PARTS
        means, num_words = np.zeros((len(labels), len(weights))), held.sum(axis=1)[:, None]
        for number in range(PARTS):
            own, others = part == number, part != number
            vectors = emotion_vectors(held[others], labels[others], weights, self.smoothing)
            of_words = held[own] @ vectors / np.maximum(num_words[own], 1)
            means[own] = np.where(num_words[own] > 0, of_words, vectors[ends[own]])
        return means


class LinearSvm(nn.Module):
    """A linear support vector machine for each class against the others; squared hinge, solved in the primal."""

    def __init__(self, size: int, num_classes: int, penalty: float) -> None:
        super().__init__()
        self.penalty = penalty
        self.register_buffer("weight", torch.zeros(num_classes, size))
        self.register_buffer("bias", torch.zeros(num_classes))

    def forward(self, values: Float[Tensor, "rows size"]) -> Float[Tensor, "rows classes"]:
        return values @ self.weight.T + self.bias

    def fit(self, values: csr_array, labels: np.ndarray, class_weights: np.ndarray) -> None:
        """Solves for every class; of two, the first has the second's numbers with the other sign."""
        from sklearn.svm import LinearSVC

        costs = dict(enumerate(class_weights.tolist()))
        found = LinearSVC(C=self.penalty, dual=False, class_weight=costs, max_iter=10_000).fit(values, labels)
        weight, bias = found.coef_, found.intercept_
        if len(class_weights) == 2:
            weight, bias = np.concatenate([-weight, weight]), np.concatenate([-bias, bias])
        self.weight.copy_(torch.from_numpy(weight))
        self.bias.copy_(torch.from_numpy(bias))


def emotion_vectors(
    held: csr_array, labels: np.ndarray, class_weights: np.ndarray, smoothing: float
) -> Float[np.ndarray, "words classes"]:
    """e(w) of every word, by the formula above; rows sum to one.

    Args:
        held: [utterances, words], 1 where an utterance holds a word.
        smoothing: how many utterances' worth of p every word has beside its own.
    """
    of_class = np.eye(len(class_weights))[labels] * class_weights
    shares = of_class.sum(axis=0) / of_class.sum()
    counts = held.T @ of_class
    return (counts + smoothing * shares) / (counts.sum(axis=1, keepdims=True) + smoothing)


def _ends(tokens: Sequence[Tensor]) -> Int64[Tensor, "utterances"]:
    """The token that closes each utterance; never held, so that its emotion vector is p."""
    return torch.stack([ids[-1] for ids in tokens])


def _num_words(text_encoder: nn.Module) -> int:
    table = getattr(text_encoder, "table", None)
    if not isinstance(table, nn.Embedding):
        raise ConfigError(
            "the e-vector system counts words: got a pretrained text encoder; want [words] in the recipe, with "
            'kind = "words"'
        )
    return table.num_embeddings
