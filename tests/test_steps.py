"""Batches through a trainer: launches, and that many steps to a launch are the same steps."""

import numpy as np
import pytest

from core import device_steps
from core.config import ExperimentConfig, WindowsConfig
from core.device_steps import DeviceSteps, make_steps
from core.signals.generators import generate
from core.steps import HostSteps, all_positions, launches, on_end, starts_on_end
from core.training import Cancelled, Training
from core.windows import split_windows

SMALL = ExperimentConfig().replace(
    {
        "data.time_steps": 1500,
        "data.channels": 2,
        "windows.window_length": 20,
        "windows.stride": 10,
        "normalization.scope": "window",
        "model.filters": (4,),
        "model.pooling_steps": 1,
        "model.latent_channels": 2,
        "training.epochs": 3,
        "training.batch_size": 16,
        "training.schedule": "step",
        "training.decay_epochs": 1,
    }
)


def split_of(config):
    return split_windows(generate(config.data).values, config.windows)


class Launch:
    def __init__(self, batches):
        self.batches = batches


@pytest.mark.parametrize("batches", [1, 2, 3, 100])
@pytest.mark.parametrize("done", [0, 2, 6])
def test_launches_hold_every_batch_once_and_only_equal_ones(batches, done):
    order = np.random.default_rng(0).permutation(25)
    found = list(launches(order, 4, done, Launch(batches)))
    assert all(len({len(batch) for batch in launch}) == 1 for launch in found)
    assert all(len(launch) <= batches for launch in found)
    left = [batch.tolist() for launch in found for batch in launch]
    assert left == [order[start : start + 4].tolist() for start in range(4 * done, 25, 4)]


def test_graphs_run_as_they_were_traced():
    optimizer = pytest.importorskip("tensorflow").config.optimizer
    optimizer.set_experimental_options({"disable_meta_optimizer": False})
    Training(SMALL, split_of(SMALL))
    assert optimizer.get_experimental_options()["disable_meta_optimizer"]


@pytest.mark.slow
def test_the_order_of_an_epoch_takes_four_bytes_a_window_and_is_that_of_a_permutation():
    """Checkpoints hold the place in an epoch, not its order."""
    taken = []

    class Spy(device_steps.HostSteps):
        def train(self, launch):
            taken.extend(launch)
            return super().train(launch)

    training = Training(SMALL, split_of(SMALL), steps=Spy)
    next(training.epochs())
    windows = training.split.train
    expected = np.random.default_rng([SMALL.training.seed, 1]).permutation(len(windows))
    assert all_positions(windows).dtype == np.uint32
    assert {batch.dtype for batch in taken} == {np.dtype(np.int64)}
    np.testing.assert_array_equal(np.concatenate(taken), expected)


def test_launches_without_a_remainder():
    assert [len(launch) for launch in launches(np.arange(12), 4, 0, Launch(2))] == [2, 1]


@pytest.mark.parametrize(
    "values",
    [np.arange(300.0).reshape(100, 3), np.arange(360.0).reshape(10, 12, 3)],
    ids=["recording", "windows"],
)
def test_windows_cut_by_where_they_start_are_those_taken(values):
    config = WindowsConfig(window_length=8, stride=2)
    for _, windows in split_windows(values, config).parts():
        flat, positions = on_end(windows), np.arange(len(windows))
        starts = starts_on_end(windows, positions)
        cut = flat[starts[:, None] + np.arange(8)]
        assert cut.dtype == np.float32
        np.testing.assert_array_equal(cut, windows.take(positions))


@pytest.fixture(scope="module")
def trained():
    """The same training both ways, on the processor, where XLA compiles the loop as for a GPU."""
    both = []
    for steps in (device_steps.HostSteps, DeviceSteps):
        training = Training(SMALL, split_of(SMALL), steps=steps)
        both.append((training, list(training.epochs())))
    return both


@pytest.mark.slow
def test_many_steps_to_a_launch_are_the_same_steps(trained):
    (host, host_epochs), (resident, resident_epochs) = trained
    assert resident._steps.batches > 1
    names = ("loss", "val_loss", "mae", "mse", "val_mae", "val_mse", "learning_rate")
    for one, other in zip(host_epochs, resident_epochs, strict=True):
        for name in names:
            assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-4)
    for one, other in zip(host.state().variables, resident.state().variables, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-4)


@pytest.mark.slow
def test_a_launch_may_end_anywhere(trained):
    """One that is stopped between two launches and taken up has the same weights, bit by bit."""
    stops = iter([False, False, True])

    def is_cancelled():
        return next(stops)

    first = Training(SMALL, split_of(SMALL), steps=DeviceSteps)
    with pytest.raises(Cancelled):
        list(first.epochs(is_cancelled=is_cancelled))
    assert 0 < first.batch < 8
    other = Training(SMALL, split_of(SMALL), steps=DeviceSteps)
    other.restore(first.state())
    list(other.epochs())
    for one, same in zip(
        trained[1][0].trainer.get_weights(), other.trainer.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, same)


def test_a_recording_beyond_the_gpus_memory_stays_on_the_host(monkeypatch):
    split = split_of(SMALL)
    trainer = Training(SMALL, split).trainer
    monkeypatch.setattr(device_steps, "DeviceSteps", lambda *given: "resident")
    for gpu, free, wanted in [
        (False, 1 << 40, HostSteps),
        (True, 1 << 40, str),
        (True, 1000, HostSteps),
        (True, None, str),
    ]:
        monkeypatch.setattr(device_steps, "has_gpu", lambda gpu=gpu: gpu)
        monkeypatch.setattr(device_steps, "free_gpu_memory", lambda free=free: free)
        assert isinstance(make_steps(trainer, split), wanted)
