"""From Thai as it is typed to what is meant."""
