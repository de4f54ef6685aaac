"""From the outbox to the channels: planning, pace, sending, recovery."""
