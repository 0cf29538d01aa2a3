"""The page of a recording of which nobody knows, or knows in part, who speaks."""

import json
import re
from pathlib import Path

from page_reading import Page

from emoduet.report.timeline_page import write_timeline_page
from emoduet.timeline_summary import summarise
from emoduet.types import Segment, SegmentPrediction, Timeline

ANGRY, SAD = {"angry": 0.75, "sad": 0.25}, {"angry": 0.25, "sad": 0.75}


def page_of(folder: Path, *speakers: str | None) -> str:
    """The page of angry and sad seconds by turns, of these speakers."""
    segments = tuple(
        SegmentPrediction(segment=Segment(start=k, end=k + 1, speaker=one), probabilities=SAD if k % 2 else ANGRY)
        for k, one in enumerate(speakers)
    )
    one = Timeline(recording="a", duration=len(speakers), classes=("angry", "sad"), segments=segments)
    write_timeline_page(one, summarise(one), None, folder / "page.html")
    return (folder / "page.html").read_text("utf-8")


def voices_of_script(page: str) -> list[str]:
    return json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1])["voices"]


def test_where_nobody_knows_who_speaks_no_voice_is_claimed(tmp_path):
    page = page_of(tmp_path, None, None, None)
    text = Page(page).text.split("const data")[0]
    assert "3 segments who speaks is not known" in text
    assert "Changes (2, from one segment to the next, whoever speaks) angry → sad 1 0:01.0 sad → angry 1 0:02.0" in text
    assert "The emotion of each segment. All" in text and 'aria-label="Go to 0:01.0"' in page
    assert not [word for word in ("1 voice", "speaker", "None") if word in text]
    assert voices_of_script(page) == [""]


def test_where_some_voices_are_known_the_rest_says_so(tmp_path):
    page = page_of(tmp_path, "Ann", None, "Ann", None)
    text = Page(page).text.split("const data")[0]
    assert "4 segments 1 voice, and some not known" in text
    assert "voice not known 0:02.0 angry 25.0 %" in text and "0:01.0 to 0:02.0 voice not known" in text
    assert "Changes (0, from one segment to a voice’s next; of those of no known voice, to the next, whoever" in text
    assert voices_of_script(page) == ["Ann", "voice not known"]
