"""The tables' lines as text, by pencil: one line's cells, and the tables as Markdown and CSV."""

import csv
import io
from dataclasses import replace

from emoduet.table_lines import Line
from emoduet.table_text import HEADINGS, as_csv, as_markdown, cells, text_tables

QUOTED = Line("Table 1", "Old [1]", 57.25, conditions="quoted", note="a slip")
RUN = Line("Table 1", "Ours", 74.71, ua=61.234, pooled_ua=60.5, wa=59.96, conditions="loso; 5 folds", protocol="loso")
OTHER = Line("Table 4", "Other", ua=58.0, pooled_ua=57.25, wa=56.0, difference=-3.25, conditions="loso", note="told")


def test_cells():
    assert cells(QUOTED) == ["Old [1]", "57.25", "", "", "", "", "quoted"]
    assert cells(RUN) == ["Ours", "74.71", "61.2", "60.5", "", "60.0", "loso; 5 folds"]
    seeds = replace(RUN, ua_sd_over_seeds=1.25, low=58.04, high=63.0)
    assert cells(seeds)[2:4] == ["61.2 ± 1.2", "60.5 [58.0, 63.0]"]


def test_a_difference_has_a_sign_and_a_bound_of_zero_is_a_bound():
    assert cells(OTHER)[4] == "-3.2"
    assert cells(replace(OTHER, difference_low=-6.54, difference_high=0.0))[4] == "-3.2 [-6.5, +0.0]"
    assert cells(replace(OTHER, difference=2.0, difference_low=0.0, difference_high=4.0))[4] == "+2.0 [+0.0, +4.0]"


def test_headings_say_whether_folds_are_averaged_or_pooled():
    assert dict(zip(HEADINGS, cells(RUN), strict=True)) == {
        "System": "Ours",
        "paper UA, IEMOCAP": "74.71",
        "our UA, fold mean": "61.2",
        "pooled UA [95 %]": "60.5",
        "minus Proposed Approach [95 %]": "",
        "pooled WA": "60.0",
        "protocol and conditions": "loso; 5 folds",
    }


def test_markdown_leaves_out_the_columns_that_a_table_has_no_use_for():
    assert as_markdown([QUOTED, RUN, replace(QUOTED, table="Table 2", note=""), OTHER]).splitlines() == [
        "### Table 1",
        "",
        "| System | paper UA, IEMOCAP | our UA, fold mean | pooled UA [95 %] | pooled WA | protocol and conditions |",
        "|---|---:|---:|---:|---:|---|",
        "| Old [1] | 57.25 |  |  |  | quoted |",
        "| Ours | 74.71 | 61.2 | 60.5 | 60.0 | loso; 5 folds |",
        "",
        "- Old [1]: a slip",
        "",
        "### Table 2",
        "",
        "| System | paper UA, IEMOCAP | protocol and conditions |",
        "|---|---:|---|",
        "| Old [1] | 57.25 | quoted |",
        "",
        "### Table 4",
        "",
        "| System | our UA, fold mean | pooled UA [95 %] | minus Proposed Approach [95 %] | pooled WA "
        "| protocol and conditions |",
        "|---|---:|---:|---:|---:|---|",
        "| Other | 58.0 | 57.2 | -3.2 | 56.0 | loso |",
        "",
        "- Other: told",
    ]


def test_what_was_run_is_told_from_what_is_quoted_and_a_note_stands_once():
    (table,) = text_tables([QUOTED, RUN, replace(QUOTED, protocol="paper")])
    assert (table.title, table.ran, table.notes) == ("Table 1", (False, True, False), ("Old [1]: a slip",))


def test_csv():
    rows = list(csv.reader(io.StringIO(as_csv([QUOTED, OTHER]))))
    assert rows[0][:5] == ["table", "system", "paper_ua", "ua", "ua_sd_over_seeds"]
    assert rows[1][:5] == ["Table 1", "Old [1]", "57.25", "", ""]
    assert (rows[0][-1], rows[1][-1]) == ("note", "a slip")
    assert dict(zip(rows[0], rows[2], strict=True))["difference"] == "-3.25"
