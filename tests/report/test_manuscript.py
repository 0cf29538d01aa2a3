"""Tables for a paper: the page's figures, their conditions in the caption, and no word that becomes markup."""

import re
from dataclasses import replace

import pytest

from emoduet.errors import InputError
from emoduet.report import form_of, write_report
from emoduet.report.latex import escaped as latex_escaped
from emoduet.report.latex import latex_of
from emoduet.report.manuscript import tables_of
from emoduet.report.markdown import escaped as markdown_escaped
from emoduet.report.markdown import markdown_of


def test_the_headline_table_by_pencil(contents):
    table, _ = tables_of(contents)
    assert table.headings[2:] == ("UA", "95 % interval", "WA", "Macro F1", "UA, fold mean", "UA in the paper")
    rows = {row[0]: row for row in table.rows}
    assert rows["Wav2vec2.0+CNN+BLSTM (Ours)"][1:3] == ("loso", "50.0")
    assert rows["Wav2vec2.0+CNN+BLSTM (Ours)"][-1] == "60.01"
    assert rows["baseline: majority"][2] == "25.0"
    assert {len(row) for row in table.rows} == {len(table.headings)}


def test_conditions_stand_in_the_captions(contents):
    for table in tables_of(contents):
        (seen,) = (sentence for sentence in table.caption if "(seen)" in sentence)
        for words in ("paper;", "trained on 2 sessions, 16 utterances", "1 seed (0)", "interval over 6 speakers"):
            assert words in seen
        assert "test data in the loop; synthetic corpus" in seen and "another corpus (IEMOCAP)" in seen


def test_runs_under_the_same_conditions_share_their_sentence(contents):
    table, _ = tables_of(replace(contents, subjects=contents.subjects[1:2] * 2))
    assert len(table.caption) == 2
    assert table.caption[1].startswith("Wav2vec2.0+CNN+BLSTM (Ours) (poor), Wav2vec2.0+CNN+BLSTM (Ours) (poor): loso; ")


def test_the_recalls_table_by_pencil(contents):
    _, table = tables_of(contents)
    assert table.headings == ("System", "Protocol", "angry", "happy", "neutral", "sad")
    assert table.rows[0][2:] == ("50.0", "100.0", "100.0", "50.0")


def test_a_class_that_a_run_does_not_know_is_a_dash(contents):
    good, poor, _ = contents.subjects
    other = replace(poor, run=replace(poor.run, classes=("bored",)))
    _, table = tables_of(replace(contents, subjects=(good, other)))
    assert table.rows[0][-1] == "–"


# Markdown


def test_markdown_tables_have_as_many_cells_as_headings(contents):
    lines = [line for line in markdown_of(contents).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {9, 7}
    assert lines[1] == "|---|---|---:|---:|---:|---:|---:|---:|"


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("a|b", r"a\|b"),
        ("<script>", r"\<script\>"),
        ("*a* _b_ `c` [d] #", r"\*a\* \_b\_ \`c\` \[d\] \#"),
        ("a\nb", "a b"),
        ("R&D", "R&amp;D"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_markdown_leaves_words_alone(words, written):
    assert markdown_escaped(words) == written


# LaTeX


def test_latex_is_balanced_and_uses_booktabs(contents):
    text = latex_of(contents)
    for name in ("table*", "tabular"):
        assert text.count(f"\\begin{{{name}}}") == text.count(f"\\end{{{name}}}") == 2
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 2
    assert re.sub(r"\\[{}]", "", text).count("{") == re.sub(r"\\[{}]", "", text).count("}")
    assert r"75.0 $\pm$ 0.0" in text and r"95 \% interval" in text


def test_latex_rows_have_as_many_cells_as_columns(contents):
    for columns, body in re.findall(r"\\begin{tabular}{([lr]+)}(.*?)\\end{tabular}", latex_of(contents), re.DOTALL):
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert len(rows) > 1 and {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(columns) - 1}


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("a_b & c % d # e $ f {g}", r"a\_b \& c \% d \# e \$ f \{g\}"),
        ("\\input{x}", r"\textbackslash{}input\{x\}"),
        ("<script>~^|", r"\textless{}script\textgreater{}\textasciitilde{}\textasciicircum{}\textbar{}"),
        ("1 ± 2 – 3", r"1 $\pm$ 2 -- 3"),
        ("a\n\nb", "a b"),
    ],
)
def test_latex_leaves_words_alone(words, written):
    assert latex_escaped(words) == written


def test_a_title_of_two_lines_stays_a_comment(contents):
    text = latex_of(replace(contents, title="a\n\\input{b}"))
    assert text.splitlines()[0] == r"% a \input{b}"


# Forms


@pytest.mark.parametrize(
    ("name", "asked", "form"),
    [
        ("r.html", None, "html"),
        ("r.MD", None, "md"),
        ("r.tex", None, "latex"),
        ("r.txt", "md", "md"),
        ("r", "html", "html"),
    ],
)
def test_the_form_goes_by_suffix_unless_asked_for(tmp_path, name, asked, form):
    assert form_of(tmp_path / name, asked) == form


@pytest.mark.parametrize(
    ("name", "told"), [("r.txt", r"r\.txt: \.txt means no form"), ("r", "r: no suffix means no form")]
)
def test_an_unknown_suffix_is_refused(tmp_path, name, told):
    with pytest.raises(InputError, match=told):
        form_of(tmp_path / name)


@pytest.mark.parametrize(("name", "start"), [("r.html", "<!doctype html>"), ("r.md", "# A & B"), ("r.tex", "% A & B")])
def test_each_form_is_written(tmp_path, contents, name, start):
    write_report(tmp_path / name, contents)
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start.replace("# A &", "# A &amp;"))
