"""Prices of farm products: read from their sources, said every morning and when they pass a threshold."""
