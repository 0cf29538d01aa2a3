"""One HTML file that opens anywhere: the tables, the confusions, and where a model looked."""

from emoduet.report.page import write_report

__all__ = ["write_report"]
