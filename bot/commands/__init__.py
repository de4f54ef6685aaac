"""The `krajai` command, one module a subject."""
