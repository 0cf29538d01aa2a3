"""What was found, for a reader: one HTML page that opens anywhere, or tables for a paper in Markdown and LaTeX."""

from emoduet.report.contents import Contents, Example, Signal, Subject, read_contents, read_signal
from emoduet.report.writing import FORMS, form_of, write_report

__all__ = [
    "FORMS",
    "Contents",
    "Example",
    "Signal",
    "Subject",
    "form_of",
    "read_contents",
    "read_signal",
    "write_report",
]
