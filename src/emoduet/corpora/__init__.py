"""Corpora in: readers that turn a folder or a table into utterances, and the doctor that counts them."""
