"""What is said to one: from what a citizen did to what Krajai answers."""
