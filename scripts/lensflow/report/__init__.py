"""The report: one HTML file that a person can read on its own."""
