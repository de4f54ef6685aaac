"""Processes and every edge to the outside."""
