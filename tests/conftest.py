"""For all tests: TensorFlow as a worker has it, Hypothesis without a clock, since machines that
test are often busy, and what they all would do again and again done once.

In continuous integration Hypothesis always tries the same examples; new ones are found by
developers.
"""

import gc
import os
from collections import Counter
from functools import cache

import pytest
from hypothesis import HealthCheck, settings
from streamlit.components.v2 import manifest_scanner

from core.cores import set_up_tensorflow

set_up_tensorflow()
settings.register_profile(
    "lab",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("lab")

# Each AppTest reads the metadata of all that is installed, which took half of a page's test.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two files at a time of all tests; a browser, or what was asked for by name, is alone."""
    is_all = config.args_source != pytest.Config.ArgsSource.ARGS
    return 2 if is_all and config.option.markexpr != "browser" else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the most slow tests first, or one of them would be left for the end, alone."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


def pytest_collection_finish() -> None:
    """Keep the collector away from what is imported, Keras and pandas among it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _what_others_left() -> None:
    """Keep the collector away from what the files before have imported and left, too: Streamlit has
    it look through all there is after each run of a script."""
    gc.collect()
    gc.freeze()
