"""Settings for all tests."""

from hypothesis import settings

# How long an example takes says more about the machine than about the code; speed has benchmarks.
settings.register_profile("krajai", deadline=None, print_blob=True)
settings.load_profile("krajai")
