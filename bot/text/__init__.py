"""Text on its way to a channel: cut where it may be cut, counted as the network counts it."""
