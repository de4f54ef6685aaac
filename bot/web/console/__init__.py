"""The officers' console. One module a subject; `routes.py` lists them, `visits.py` has the access rules."""
