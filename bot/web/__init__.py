"""The web process: webhooks, the simulator, health."""
