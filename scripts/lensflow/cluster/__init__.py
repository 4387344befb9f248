"""Clusters of the embeddings, their judgement, and lens probabilities (sections 2.2, 3.3)."""
