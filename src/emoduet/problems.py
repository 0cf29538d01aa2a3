"""Many problems in one message, so that a user mends a corpus once and not error by error.

Readers collect what is wrong while they go on, and raise once at their end.
"""

from emoduet.errors import CorpusError

LISTED = 20
"""How many problems one message spells out before it only counts the rest."""


class Problems:
    """Collects what is wrong with a file or a folder; each problem is one line that says where."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __len__(self) -> int:
        return len(self.lines)

    def add(self, problem: str) -> None:
        """Notes one problem."""
        self.lines.append(problem)

    def raise_if_any(self, where: object, advice: str) -> None:
        """Raises a CorpusError that names the first problems, how many there are in all, and what to do.

        Raises:
            CorpusError: at least one problem was added.
        """
        if self.lines:
            noun = "problem" if len(self.lines) == 1 else "problems"
            raise CorpusError(f"{where}: {len(self.lines)} {noun}\n{listed(self.lines)}\n{advice}")


def listed(lines: list[str], limit: int = LISTED) -> str:
    """The first `limit` lines, indented, and a last one that counts the rest.

    >>> print(listed(["a", "b", "c"], limit=2))
      a
      b
      ... and 1 more
    """
    rest = len(lines) - limit
    shown = [f"  {line}" for line in lines[:limit]]
    return "\n".join(shown + ([f"  ... and {rest} more"] if rest > 0 else []))
