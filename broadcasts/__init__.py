"""What is said to many: alerts, their audience, and delivery."""
