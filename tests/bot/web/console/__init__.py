"""The officers' console."""
