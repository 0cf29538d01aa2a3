"""The JSON of whisper.cpp: segments under "transcription", times in milliseconds, and pieces of words as tokens.

Words are made of tokens only where these are plainly the segment's text and lie in it one after the other; with its
own search for speech, for one, whisper.cpp gives them times of another clock.
"""

import re
from collections.abc import Mapping, Sequence

from emoduet.types import Seconds

SEGMENTS = "transcription"
OPENING = b'"systeminfo"'
"""How its files begin; characters in them may be cut in two, of which each half is no UTF-8."""

NOT_SAID = re.compile(r"\[_[^\]]*\]|<\|[^|]*\|>")
UNKNOWN_SPEAKER = "?"
WITHOUT_BLANKS = {"zh", "yue", "ja", "th", "lo", "my", "km", "bo"}
"""Languages that do not part their words, so that tokens tell nothing of where one ends."""

Row = Mapping[str, object]


def rows_of(segments: Sequence[Row], result: object) -> list[dict[str, object]]:
    """Segments as other recognisers write them, in seconds; `result` is what the file says of their language."""
    language = result.get("language") if isinstance(result, Mapping) else None
    return [_row(one, language) for one in segments]


def _row(one: Row, language: object) -> dict[str, object]:
    start, end = _times(one)
    return {
        "start": start,
        "end": end,
        "text": one.get("text"),
        "speaker": None if one.get("speaker") == UNKNOWN_SPEAKER else one.get("speaker"),
        "language": language,
        "words": None if language in WITHOUT_BLANKS else _words(one, start, end),
    }


def _times(one: Row) -> tuple[object, object]:
    """From and to in seconds; what is no number is left for others to refuse."""
    offsets = one.get("offsets")
    if not isinstance(offsets, Mapping):
        return None, None
    start, end = (
        time / 1000 if isinstance(time, int | float) and not isinstance(time, bool) else time
        for time in (offsets.get("from"), offsets.get("to"))
    )
    return start, end


def _words(segment: Row, start: object, end: object) -> list[dict[str, object]] | None:
    """The words that a segment's tokens make up, each begun by a blank; None where that is not plain."""
    tokens, text = segment.get("tokens"), segment.get("text")
    if not (isinstance(tokens, list) and all(isinstance(token, Mapping) for token in tokens)):
        return None
    if not (isinstance(text, str) and isinstance(start, float) and isinstance(end, float)):
        return None
    words: list[dict[str, object]] = []
    for token in tokens:
        said, (begin, finish) = str(token.get("text")), _times(token)
        if NOT_SAID.fullmatch(said):
            continue
        if not (isinstance(begin, float) and isinstance(finish, float)):
            return None
        if not words or said.startswith(" "):
            words.append({"word": said, "start": begin, "end": finish})
        else:
            words[-1] |= {"word": f"{words[-1]['word']}{said}", "end": finish}
    same = "".join(word["word"] for word in words).strip() == text.strip()
    return words if same and _in_order(words, start, end) else None


def _in_order(words: Sequence[Mapping[str, float]], start: Seconds, end: Seconds) -> bool:
    """Whether words lie in their segment, by their middles, none beginning before the former or after its own end."""
    spans = [(word["start"], word["end"]) for word in words]
    ordered = all(one[0] <= other[0] for one, other in zip(spans, spans[1:]))
    return ordered and all(begin <= finish and start <= (begin + finish) / 2 <= end for begin, finish in spans)
