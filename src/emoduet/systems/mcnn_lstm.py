"""After Cho, Pappagari, Kulkarni, Villalba, Carmiel and Dehak, "Deep neural networks for emotion recognition combining
audio and transcripts" (Interspeech 2018): an LSTM that hears, a multi-resolution CNN (MCNN) that reads, each trained to
classify and to verify, their scores fused.

The sizes are not known to us, nor the form of the verification loss: ours is that of `nn.verification`, on the
embeddings of both networks, within a batch. The LSTM is bidirectional and its frames are averaged. Nothing is shared
by the two networks, and the weight of the fusion is a number of the recipe, not fitted.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from emoduet.nn.pooling import MeanPooling
from emoduet.nn.recurrent import BidirectionalLSTM
from emoduet.nn.verification import verification_loss
from emoduet.nn.word_cnn import KernelSizes, WordCnn
from emoduet.systems.base import System, cross_entropy
from emoduet.systems.inputs import Inputs
from emoduet.types import Positive, Probability, Share


class McnnLstmSystem(System):
    """Two networks, an embedding and a classifier each; their log-posteriors are averaged with `audio_weight`.

    Args:
        verification_weight: of the verification loss; the rest of one is the weight of classification.
        verification_margin: the cosine below which embeddings of different emotions are far enough apart.
        audio_weight: of the log-posteriors of the LSTM; those of the MCNN have the rest.
    """

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        num_classes: int,
        *,
        lstm_size: Positive,
        num_filters: Positive,
        kernel_sizes: KernelSizes,
        dropout: Probability,
        verification_weight: Probability,
        verification_margin: Probability,
        audio_weight: Share,
    ) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.text_encoder = text_encoder
        self.blstm = BidirectionalLSTM(audio_encoder.hidden_size, lstm_size, dropout)
        self.pool = MeanPooling()
        self.mcnn = WordCnn(text_encoder.hidden_size, num_filters, kernel_sizes)
        self.dropout = nn.Dropout(dropout)
        self.audio_classifier = nn.Linear(2 * lstm_size, num_classes)
        self.text_classifier = nn.Linear(self.mcnn.output_size, num_classes)
        self.verification_weight, self.verification_margin = verification_weight, verification_margin
        self.audio_weight = audio_weight

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        return self._fused(*self._logits(*self._embeddings(inputs)))

    def learn(
        self, inputs: Inputs, targets: Int64[Tensor, "utterances"], class_weights: Float[Tensor, "classes"]
    ) -> tuple[Float[Tensor, "utterances"], Float[Tensor, "utterances classes"]]:
        """With v = `verification_weight`, a network's loss of an utterance is (1 - v) classification + v verification.

        Both are multiplied by the weight of the utterance's class, and the mean of both networks is returned. The
        verification of an utterance is the mean over its pairs with the others of this batch: the sum over utterances,
        divided by their weights, is the weighted mean of classification and verification.
        """
        embeddings = self._embeddings(inputs)
        logits = self._logits(*embeddings)
        losses = [self._loss(*one, targets, class_weights) for one in zip(embeddings, logits, strict=True)]
        return torch.stack(losses).mean(dim=0), self._fused(*logits)

    def _embeddings(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        audio = self.pool(self.blstm(self.audio_encoder(inputs.waveforms)))
        text = self.mcnn(self.text_encoder(inputs.tokens))
        return audio, text

    def _logits(self, audio: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        return self.audio_classifier(audio).float(), self.text_classifier(self.dropout(text)).float()

    def _fused(self, audio: Tensor, text: Tensor) -> Float[Tensor, "utterances classes"]:
        return self.audio_weight * audio.log_softmax(dim=1) + (1 - self.audio_weight) * text.log_softmax(dim=1)

    def _loss(self, embeddings: Tensor, logits: Tensor, targets: Tensor, class_weights: Tensor) -> Tensor:
        classification = cross_entropy(logits, targets, class_weights)
        verification = class_weights[targets] * verification_loss(embeddings, targets, self.verification_margin)
        return (1 - self.verification_weight) * classification + self.verification_weight * verification
