"""For the tests of the queue: runs of a worker without Keras."""

import pytest

from core.runs import RunStore
from tests.fake_workers import runners


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def make_runner(store, tmp_path):
    with runners(store, tmp_path) as make:
        yield make
