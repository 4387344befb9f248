"""The report: one HTML file that a person can read on its own."""

from lensflow.report.page import write_report

__all__ = ["write_report"]
