"""A report's tables as Markdown, every word that came from outside kept from being read as markup."""

import re

from emoduet.report.contents import Contents
from emoduet.report.manuscript import Table, tables_of

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")


def markdown_of(contents: Contents) -> str:
    """Both tables, captions above them."""
    return "\n".join(
        [f"# {escaped(contents.title)}", "", *(line for table in tables_of(contents) for line in _lines(table))]
    )


def escaped(words: str) -> str:
    """Words that Markdown and HTML leave alone, on one line.

    >>> print(escaped("a_b|<i>"))
    a\\_b\\|\\<i\\>
    """
    return _SPECIAL.sub(r"\\\1", " ".join(words.split())).replace("&", "&amp;")


def _lines(table: Table) -> list[str]:
    caption = [f"- {escaped(sentence)}" for sentence in table.caption]
    head = f"| {' | '.join(map(escaped, table.headings))} |"
    rule = "|---|---|" + "---:|" * (len(table.headings) - 2)
    rows = [f"| {' | '.join(map(escaped, row))} |" for row in table.rows]
    return [*caption, "", head, rule, *rows, ""]
