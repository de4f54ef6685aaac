"""One module a dialog. Each offers actions (what a button means) and, where it asks for words, what to do with them."""
