"""What each system after a published source hears and reads is what its source says, and not something near it.

A recipe with another front end still trains and still learns, so nothing but this table would notice.
"""

import re

import pytest

from emoduet.config import read_recipe, recipe_names

NOTHING = None
OF_SOURCES = {
    # recipe: what it hears, what it reads, and what its source says of that
    "e-vector": ("functionals", "words", "Jin et al.: statistics over the utterance; a vector for every word"),
    "mcnn-lstm": ("low-level", "words", "Cho et al.: pitch, jitter and shimmer beside MFCC; kernels over words"),
    "mcnn-phonemes": ("filterbank", "phonemes", "Yenigalla et al.: the spectrogram; phonemes in the place of words"),
    "learned-alignment": ("power-spectrum", "words", "H. Xu et al.: log power of 257 points; GloVe vectors of words"),
    "learned-alignment-text": (NOTHING, "words", "H. Xu et al.: the branch that reads GloVe vectors of words"),
    "cross-modal-1d-cnn": ("samples", "words", "Krishna and Patil: 1-D convolutions on the raw waveform; word vectors"),
    "self-attention-audio": ("samples", NOTHING, "Krishna and Patil: 1-D convolutions on the raw waveform"),
    "self-attention-text": (NOTHING, "words", "Krishna and Patil: word vectors"),
    "tdnn-lstm": ("samples", NOTHING, "Sarma et al.: filters learned in the time domain"),
    "lstm-attention": ("low-level", NOTHING, "Mirsamadi et al.: pitch, voicing, energy, zero crossings beside MFCC"),
}


@pytest.mark.parametrize("twin", ["", "demo-"])
@pytest.mark.parametrize("name", OF_SOURCES)
def test_a_cited_system_has_the_front_ends_of_its_source(name, twin):
    recipe = read_recipe(twin + name)
    hears, reads, reason = OF_SOURCES[name]
    found = tuple(section.kind if section else NOTHING for section in (recipe.frames, recipe.words))
    assert found == (hears, reads), reason
    assert recipe.audio_encoder is None and recipe.text_encoder is None, reason


def test_the_table_has_every_recipe_that_stands_for_a_quoted_row():
    """Their titles bear the number of the paper's reference."""
    quoted = {name for name in recipe_names() if re.search(r"\[\d+\]", read_recipe(name).title)}
    assert quoted == {twin + name for name in OF_SOURCES for twin in ("", "demo-")}
