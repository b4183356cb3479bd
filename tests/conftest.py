"""For all tests: Hypothesis without a clock, since machines that test are often busy."""

from hypothesis import HealthCheck, settings

settings.register_profile("lab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lab")
