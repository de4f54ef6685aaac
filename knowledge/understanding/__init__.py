"""What Krajai understands, as data."""
