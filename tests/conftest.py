"""What holds for all tests: a property is true or not, however slow the machine is that tries it.

The examples are the same in every run, so that a change is judged by what it changed. ``pytest --hypothesis-profile
search`` looks for new ones.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("parley", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", deadline=None, max_examples=1_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parley")
