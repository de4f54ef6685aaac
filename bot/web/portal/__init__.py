"""Public pages and what other systems read."""
