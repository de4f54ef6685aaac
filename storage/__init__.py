"""Tables by noun with their queries, the register of places, wording, and what both middle folders share."""
