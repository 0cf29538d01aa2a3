"""The small encoders: frames every 20 ms, and a vocabulary of the given transcripts and of nothing else."""

import pytest
import torch

from emoduet.pretrained.tiny import (
    MAX_TOKENS,
    build_tiny_audio_encoder,
    build_tiny_text_encoder,
    train_tokenizer,
)

TRANSCRIPTS = ["I hate this, I really do!", "What a lovely day.", "Well, I do not know.", "Leave me alone!"] * 3


@pytest.mark.parametrize(("seconds", "num_frames"), [(0.025, 1), (1, 49), (10, 499), (34.1, 1704)])
def test_fifty_frames_a_second(seconds, num_frames):
    assert build_tiny_audio_encoder().num_frames(round(seconds * 16_000)) == num_frames


@torch.no_grad()
@pytest.mark.parametrize("num_samples", [400, 719, 720, 721, 9_999, 16_000, 23_456])
def test_frames_are_as_many_as_counted(num_samples):
    encoder = build_tiny_audio_encoder()
    assert encoder([torch.randn(num_samples)]).lengths == (encoder.num_frames(num_samples),)


def test_tiny_encoders_are_random_and_follow_the_seed():
    def weights(seed):
        torch.manual_seed(seed)
        encoders = build_tiny_audio_encoder(), build_tiny_text_encoder(vocab_size=30)
        return [weight.clone() for encoder in encoders for weight in encoder.parameters()]

    assert all(one.equal(other) for one, other in zip(weights(1), weights(1), strict=True))
    assert not all(one.equal(other) for one, other in zip(weights(1), weights(2), strict=True))


def test_every_word_of_the_transcripts_is_a_token_between_the_special_ones():
    tokenizer = train_tokenizer(TRANSCRIPTS)
    ids = tokenizer("Well, I HATE this!")["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", "well", ",", "i", "hate", "this", "!", "[SEP]"]
    assert tokenizer("")["input_ids"] == [tokenizer.cls_token_id, tokenizer.sep_token_id]


def test_words_seen_elsewhere_only_are_pieces_or_unknown():
    tokenizer = train_tokenizer(TRANSCRIPTS)
    pieces = tokenizer.tokenize("daylove")
    assert len(pieces) > 1 and "".join(piece.removeprefix("##") for piece in pieces) == "daylove"
    assert tokenizer.tokenize("zebra") == ["[UNK]"]  # no transcript has a z
    assert "daylove" not in tokenizer.get_vocab() and "zebra" not in tokenizer.get_vocab()


def test_a_vocabulary_follows_from_the_transcripts_alone():
    vocabulary = train_tokenizer(TRANSCRIPTS).get_vocab()
    for transcripts in [TRANSCRIPTS, TRANSCRIPTS[::-1]] * 2:
        assert train_tokenizer(transcripts).get_vocab() == vocabulary
    assert train_tokenizer(TRANSCRIPTS[:2]).get_vocab() != vocabulary


def test_a_vocabulary_has_its_limit():
    assert len(train_tokenizer(TRANSCRIPTS, vocab_size=60)) == 60


def test_a_tiny_text_encoder_takes_what_its_tokenizer_gives():
    tokenizer = train_tokenizer(TRANSCRIPTS)
    encoder = build_tiny_text_encoder(len(tokenizer))
    ids = tokenizer("day " * 10_000, truncation=True, verbose=False)["input_ids"]
    assert len(ids) == encoder.max_tokens == MAX_TOKENS
    assert encoder([torch.tensor(ids)]).lengths == (MAX_TOKENS,)
    assert max(tokenizer.get_vocab().values()) == len(tokenizer) - 1
