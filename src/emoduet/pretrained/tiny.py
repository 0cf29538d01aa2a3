"""Small random encoders of the true architectures, for the demo and for tests: they carry no knowledge at all."""

from collections.abc import Sequence

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, Wav2Vec2Config, Wav2Vec2Model

from emoduet.pretrained.encoders import AudioEncoderBase, TextEncoderBase

MAX_TOKENS = 128
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def build_tiny_audio_encoder() -> AudioEncoderBase:
    """A two-layer wav2vec 2.0 with 20 ms frames.

    Its CNN normalises as wav2vec2-base's does: random layer-norm CNNs, which level every frame, let too little of the
    sound through to learn from.
    """
    config = Wav2Vec2Config(
        conv_dim=[32] * 7,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        do_stable_layer_norm=True,
        feat_extract_norm="group",
        attention_dropout=0.0,
        activation_dropout=0.0,
        layerdrop=0.0,
        apply_spec_augment=False,
    )
    return AudioEncoderBase(Wav2Vec2Model(config), normalise=True)


def build_tiny_text_encoder(vocab_size: int) -> TextEncoderBase:
    """A two-layer BERT."""
    config = BertConfig(
        vocab_size=vocab_size,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=MAX_TOKENS,
    )
    return TextEncoderBase(BertModel(config, add_pooling_layer=False))


def train_tokenizer(transcripts: Sequence[str], vocab_size: int = 1000) -> PreTrainedTokenizerFast:
    """BERT's uncased WordPiece tokenizer with a vocabulary learned from `transcripts` alone, the same every time."""
    tokenizer = _wordpiece({})
    letters = sorted({letter for words in transcripts for letter in tokenizer.normalizer.normalize_str(words)})
    # The trainer numbers the pieces of one letter in random order, and by their numbers it breaks ties between merges,
    # unless they stand among the special tokens.
    numbered = [*_SPECIAL, *(f"##{letter}" for letter in letters if not letter.isspace())]
    trainer = trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=numbered, show_progress=False)
    tokenizer.train_from_iterator(transcripts, trainer)
    trained = _wordpiece(tokenizer.get_vocab())
    ends = [(token, trained.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    trained.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    names = {f"{token[1:-1].lower()}_token": token for token in _SPECIAL}
    return PreTrainedTokenizerFast(tokenizer_object=trained, model_max_length=MAX_TOKENS, **names)


def _wordpiece(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer
