"""What a run may take of a machine, worked out from its configuration before it begins."""

from core.architecture import Architecture, Layer, describe_architecture
from core.checkpoints import KEPT
from core.config import ExperimentConfig
from core.cores import parts_at_once, parts_of
from core.kept_windows import most_windows
from core.output_lines import MOST_RECORDED, STATISTICS
from core.replay import REPLAYED_VALUES, REPLAYED_WINDOWS
from core.windows import windows_of

FORWARD_VALUES = 400_000  # of windows that are reconstructed at a time, without training
_SINGLE, _DOUBLE = 4, 8  # bytes of a number
_TEXT_BYTES = 24  # of a number in a text file
_COPIES = 5  # of the parameters in a checkpoint: as they are, two of the optimizer, best and last
_OTHER_BYTES = 1_000_000  # configuration, history, results, log

# How many times over values lie in memory, as measured with TensorFlow on a processor, rounded up.
_IN_STEP = 8  # what the layers give out: gradients, a wide layer's rows for each tap of a kernel
_IN_FORWARD = 3  # what the widest layer gives out
_IN_DROPOUT = 3  # what is dropped of a batch, which is drawn as a whole
_IN_BATCH = 4  # the windows themselves, from 64 bits to 32
_IN_RESULTS = 3  # the windows that are kept, while they are put in order


def folder_bytes(config: ExperimentConfig, shape: tuple[int, ...]) -> int:
    """What the folder of a run may come to hold, at the most, with a checkpoint being written.

    shape: of the recording's values, `(time_steps, channels)` or `(windows, window_length,
    channels)`.
    """
    channels, windows = shape[-1], windows_of(shape, config.windows)
    window_values = config.windows.window_length * channels
    model = _model(config, channels)
    numbers = _COPIES * (KEPT + 1) + 1  # and the model itself
    return (
        _SINGLE * numbers * model.parameters
        + _kept_bytes(windows, window_values)
        + _recorded_bytes(config.training.epochs, window_values, channels)
        + _OTHER_BYTES
    )


def _kept_bytes(windows: int, window_values: int) -> int:
    """Of `reconstruction.npz`: kept windows twice, and errors of all windows and time steps."""
    kept = min(windows, 2 * most_windows(window_values))  # of two parts
    errors = 2 * (windows + 2 * window_values)  # MAE and MSE
    return 2 * _SINGLE * kept * window_values + _DOUBLE * errors


def _recorded_bytes(epochs: int, window_values: int, channels: int) -> int:
    """Of what is written down epoch by epoch."""
    replayed = min(REPLAYED_VALUES, REPLAYED_WINDOWS * window_values)
    said = len(STATISTICS) * channels * _TEXT_BYTES
    return min(epochs, MOST_RECORDED + 2) * (_SINGLE * replayed + said) + _SINGLE * replayed


def memory_bytes(config: ExperimentConfig, shape: tuple[int, ...]) -> int:
    """What a run may come to hold in memory, about, beyond what its libraries take.

    shape: as of `folder_bytes`.
    """
    batch, model = config.training.batch_size, _model(config, shape[-1])
    window_values, windows = model.window_values, windows_of(shape, config.windows)
    values = _IN_STEP * _at_once(config, model) * sum(map(_given_out, model.layers))
    forward = min(windows, max(1, FORWARD_VALUES // window_values))
    values += _IN_FORWARD * forward * model.widest
    if config.model.dropout:
        dropped = sum(level.pooled_length * level.filters for level in model.levels)
        values += _IN_DROPOUT * batch * dropped
    values += _IN_BATCH * batch * window_values
    return _SINGLE * values + _IN_RESULTS * _kept_bytes(windows, window_values)


def _at_once(config: ExperimentConfig, model: Architecture) -> int:
    """The windows of a batch that go through the model at the same time."""
    batch = config.training.batch_size
    if config.training.backend == "jax":
        return batch
    parts = parts_of(batch, _SINGLE * model.widest)
    return -(-batch // parts) * min(parts, parts_at_once() + 1)  # the next part may begin early


def _model(config: ExperimentConfig, channels: int) -> Architecture:
    return describe_architecture(config.model, config.windows.window_length, channels)


def _given_out(layer: Layer) -> int:
    """The values that a layer gives out for a window."""
    steps, channels = layer.output_shape
    return steps * channels
