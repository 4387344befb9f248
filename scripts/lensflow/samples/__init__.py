"""What passes between stages: images, stacks, embeddings and scores, each declared once."""
