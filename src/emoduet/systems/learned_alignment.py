"""After H. Xu, Zhang, Han, Wang, Peng and Li, "Learning alignment for multimodal emotion recognition from speech"
(Interspeech 2019): every word looks for the frames that belong to it, and a recurrent layer reads words with what each
was heard as.

Sizes, rate and dropout are those of the authors' configuration in DELTA (github.com/Delta-ML/delta,
`egs/iemocap/emo/v1/conf/multimodal-align-emotion.yml` at commit fda4e596; other commits drop 0.6 and 0.7), layers and
places of dropout those of its network (`delta/models/multimodal_cls_model.py` at fdcc1efc). What differs: there spectra
are not logarithmic, speech is cut or filled with zeros to 7 s and texts to 100 words, and words may look at the zeros;
here spectra are logarithmic, and an utterance is whole. The pooling there scores u . tanh(W h + b), here u . h. The
words known there are those of all the data, here those of the training.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.attention import MultiHeadAttention
from emoduet.nn.attentive_gru import AttentiveGru
from emoduet.nn.recurrent import BidirectionalGRU
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs
from emoduet.types import Positive, Probability


class LearnedAlignmentSystem(System):
    """BiGRU over speech, BiGRU over words, words attend to speech, BiGRU and attention pooling over both.

    Args:
        dense_size: of the layer between the frames and the speech's GRU.
        dropout: on the answer of every layer but the classifier's; twice in a row on the pooled one, as theirs.
        gru_size: units a direction, of all three GRUs.
        attention_size: values a word of what it heard, split evenly over `num_heads`.
    """

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        num_classes: int,
        *,
        dense_size: Positive,
        gru_size: Positive,
        attention_size: Positive,
        num_heads: Positive,
        dropout: Probability,
    ) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.text_encoder = text_encoder
        self.dense = nn.Sequential(nn.Linear(audio_encoder.hidden_size, dense_size), nn.ReLU(), nn.Dropout(dropout))
        self.speech_gru = BidirectionalGRU(dense_size, gru_size)
        self.text_gru = BidirectionalGRU(text_encoder.hidden_size, gru_size)
        self.alignment = MultiHeadAttention(2 * gru_size, 2 * gru_size, attention_size, num_heads)
        self.fusion = AttentiveGru(attention_size + 2 * gru_size, gru_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(self.fusion.output_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        speech = self.speech_gru(self.audio_encoder(inputs.waveforms).map(self.dense)).map(self.dropout)
        words = self.text_gru(self.text_encoder(inputs.tokens).map(self.dropout)).map(self.dropout)
        heard = self.alignment(words, speech).map(self.dropout)
        aligned = words.with_values(torch.cat([heard.values, words.values], dim=1))
        return self.classifier(self.dropout(self.dropout(self.fusion(aligned))))
