"""Explanations of many utterances: whether they beat chance, and whether they find what a synthetic corpus planted."""
