"""Reviewable data: the words Krajai listens for, and later articles, categories and advice."""
