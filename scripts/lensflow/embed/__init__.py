"""From images to embeddings: a shard of a sample, or of a dataset that models are applied to."""
