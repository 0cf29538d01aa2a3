"""A lawful synthetic corpus in IEMOCAP's layout, for demos and tests of everything that reads or learns such a corpus.

`write_corpus` writes speech whose sound and words both tell of emotion, each only in part, with the best accuracies
possible beside it; `write_iemocap_shape` writes silence in the published shape, to the last count. Both plant the flaws
that real copies of the release have. Nothing in it was recorded from people or copied from IEMOCAP, and no reader of
that corpus is known here.
"""

from emoduet.corpora.synthetic.scenes import SCRIPT_FIDELITY
from emoduet.corpora.synthetic.writing import DIALOGUES, SESSIONS, Progress, write_corpus, write_iemocap_shape

__all__ = ["DIALOGUES", "SCRIPT_FIDELITY", "SESSIONS", "Progress", "write_corpus", "write_iemocap_shape"]
