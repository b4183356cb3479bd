"""For all tests: TensorFlow as a worker has it, and Hypothesis without a clock, since machines that
test are often busy.

In continuous integration Hypothesis always tries the same examples; new ones are found by
developers.
"""

import os

from hypothesis import HealthCheck, settings

from core.cores import set_up_tensorflow

set_up_tensorflow()
settings.register_profile(
    "lab",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("lab")
