"""wav2vec 2.0 and BERT families by hub name, by local folder, or `tiny` (small random ones)."""
