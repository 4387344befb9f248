"""Metrics, their spread, the null, and the baselines (section 3.4)."""
