"""Audits of training data sets: readers, checks, results, and the signed words about them."""
