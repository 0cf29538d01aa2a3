"""What int8 did to a model's answers, for a terminal."""

from rich import box
from rich.table import Table

from emoduet.cli.door import notes, results
from emoduet.quantisation import Int8Check, Verdict


def tell_int8(checked: Int8Check, model: str) -> None:
    """The verdict with its scores on stdout; where it was kept on stderr."""
    tell_verdict(checked.verdict)
    notes().print(
        f"the verdict is kept in {checked.kept}"
        if checked.kept
        else f"the verdict is not kept: {model} is no folder of this machine"
    )


def tell_verdict(verdict: Verdict) -> None:
    """Scores before and after, their differences and the verdict."""
    results().print(_before_and_after(verdict))
    for line in (*verdict.differences(), verdict.sentence()):
        results().print(line, soft_wrap=True)


def _before_and_after(verdict: Verdict) -> Table:
    table = Table(title="before and after", box=box.SIMPLE_HEAD, title_justify="left")
    for heading in ("precision", "UA", "WA", "seconds"):
        table.add_column(heading, justify="right" if heading != "precision" else "left")
    rows = zip(("fp32", "int8"), verdict.ua, verdict.wa, verdict.seconds, strict=True)
    for name, ua, wa, seconds in rows:
        table.add_row(name, f"{100 * ua:.1f}", f"{100 * wa:.1f}", f"{seconds:.1f}")
    return table
