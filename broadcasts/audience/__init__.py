"""Who receives a broadcast."""
