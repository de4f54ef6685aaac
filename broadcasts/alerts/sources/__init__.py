"""Sources of warnings: one module each, with its reader, its thresholds and where these come from."""
