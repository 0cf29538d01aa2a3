"""A report's tables as LaTeX for the packages booktabs and graphicx, with every special character escaped."""

from emoduet.report.contents import Contents
from emoduet.report.manuscript import Table, tables_of

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "–": "--",
    **{sign: f"\\{sign}" for sign in "#$%&_{}"},
}


def latex_of(contents: Contents) -> str:
    """Both tables as floats, to be put into a document with \\input."""
    title = " ".join(contents.title.split())
    head = [f"% {title}", "% needs \\usepackage{booktabs,graphicx} and, for T1 quotes, \\usepackage[T1]{fontenc}"]
    return "\n".join([*head, *(line for table in tables_of(contents) for line in _lines(table))]) + "\n"


def escaped(words: str) -> str:
    """Words that LaTeX prints as they are, on one line.

    >>> print(escaped("95 % of a_b"))
    95 \\% of a\\_b
    """
    return "".join(_ESCAPES.get(sign, sign) for sign in " ".join(words.split()))


def _lines(table: Table) -> list[str]:
    columns = "ll" + "r" * (len(table.headings) - 2)
    caption = " ".join(map(escaped, table.caption))
    return [
        r"\begin{table*}",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:{table.label}}}",
        r"\centering",
        r"\resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _row(table.headings),
        r"\midrule",
        *map(_row, table.rows),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table*}",
    ]


def _row(cells: tuple[str, ...]) -> str:
    return " & ".join(map(escaped, cells)) + r" \\"
