"""The autoencoder from a configuration, in Keras' own layers and operations only.

What is trained takes windows in original units: normalization, its inverse and the autoencoder are
one graph, so the saved model needs nothing of this project.
"""

import hashlib
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from core.architecture import describe_architecture
from core.config import ExperimentConfig, ModelConfig
from core.cores import parts_at_once, parts_of
from core.fast_autoencoder import FastAutoencoder
from core.fused_adam import FusedAdam, FusedAdamW
from core.gpu import has_gpu
from core.normalization import WINDOW_ROUNDING, Normalization
from core.parts import InParts

OPTIMIZERS = {
    "adam": FusedAdam,
    "adamw": FusedAdamW,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}
_OUTSIDE_STEPS = {  # of a training: what its steps are not told
    *("seed", "learning_rate", "schedule", "decay_factor", "decay_epochs"),
    *("epochs", "batch_size", "patience", "keep_best"),
}
LOSSES = {
    "mae": keras.losses.MeanAbsoluteError,
    "mse": keras.losses.MeanSquaredError,
    "huber": keras.losses.Huber,
    "log_cosh": keras.losses.LogCosh,
}


def build_autoencoder(config: ModelConfig, window_length: int, channels: int) -> keras.Model:
    """Normalized windows in, normalized windows out: `(batch, window_length, channels)`."""
    levels = describe_architecture(config, window_length, channels).levels

    def convolution(filters: int, activation: str) -> layers.Layer:
        return layers.Conv1D(filters, config.kernel_size, padding="same", activation=activation)

    inputs = x = keras.Input((window_length, channels))
    for level in levels:
        x = convolution(level.filters, config.hidden_activation)(x)  # (batch, length, filters)
        if level.is_pooled:
            x = layers.MaxPooling1D(2, padding="same")(x)  # (batch, pooled_length, filters)
        if config.dropout:
            x = layers.Dropout(config.dropout)(x)
    for level in reversed(levels):
        x = convolution(level.filters, config.hidden_activation)(x)
        if level.is_pooled:
            x = layers.UpSampling1D(2)(x)  # (batch, 2 * pooled_length, filters)
            if surplus := 2 * level.pooled_length - level.length:
                x = layers.Cropping1D((0, surplus))(x)  # (batch, length, filters)
    outputs = convolution(channels, config.output_activation)(x)
    return keras.Model(inputs, outputs, name="autoencoder")


class Learned(NamedTuple):
    """What a normalization has learned, each `(1, 1, channels)`: arrays, or tensors of a graph that
    is to serve others of its kind."""

    offset: Any
    scale: Any
    low: Any
    high: Any

    @classmethod
    def of(cls, normalization: Normalization) -> "Learned":
        learned = (
            normalization.offset_,
            normalization.scale_,
            normalization.low_,
            normalization.high_,
        )
        return cls(*(numbers.astype(np.float32).reshape(1, 1, -1) for numbers in learned))


def normalize(windows, normalization: Normalization, learned: Learned | None = None):
    """`Normalization.transform` as Keras operations. Returns the values, and offset and scale."""
    learned = learned or Learned.of(normalization)
    values = _clip(windows, normalization, learned)
    if normalization.config.method == "log1p":
        return ops.sign(values) * ops.log1p(ops.abs(values)), None
    if normalization.per_window:
        offset, scale = _window_statistics(values, normalization.config.method)
    else:
        offset, scale = learned.offset, learned.scale
    return (values - offset) / scale, (offset, scale)


def denormalize(
    normalized, statistics, normalization: Normalization, learned: Learned | None = None
):
    """`Normalization.inverse_transform` as Keras operations."""
    learned = learned or Learned.of(normalization)
    if normalization.config.method == "log1p":
        values = ops.sign(normalized) * ops.expm1(ops.abs(normalized))
    else:
        offset, scale = statistics
        values = normalized * scale + offset
    return _clip(values, normalization, learned)


def _clip(values, normalization: Normalization, learned: Learned):
    if not normalization.clips:
        return values
    return ops.minimum(ops.maximum(values, learned.low), learned.high)


def _window_statistics(windows, method: str):
    """Offset and scale of each window and channel: `(batch, 1, channels)`."""
    kept = {"axis": 1, "keepdims": True}
    shape = (-1, 1, windows.shape[2])  # which quantiles forget
    low, high = ops.min(windows, **kept), ops.max(windows, **kept)
    if method == "minmax":
        offset, scale = low, high - low
    elif method == "minmax_symmetric":
        offset, scale = (low + high) / 2, (high - low) / 2
    elif method == "standard":
        # About the middle, of which equal values are no digit away, whatever their sum is.
        middle = low / 2 + high / 2
        centred = windows - middle
        offset, scale = middle + ops.mean(centred, **kept), ops.std(centred, **kept)
    elif method == "robust":
        ranked = (ops.quantile(windows, share, **kept) for share in (0.25, 0.5, 0.75))
        quarter, offset, other = (ops.reshape(values, shape) for values in ranked)
        scale = other - quarter
    else:  # maxabs
        offset, scale = ops.zeros_like(low), ops.maximum(ops.abs(low), ops.abs(high))
    rounding = ops.maximum(ops.abs(low), ops.abs(high)) * WINDOW_ROUNDING
    return offset, ops.where(scale > rounding, scale, ops.ones_like(scale))


class ChannelMean(keras.metrics.Metric):
    """The mean of each channel over all windows and time steps of a pass: `(channels,)`."""

    def __init__(self, channels: int, name: str):
        super().__init__(name=name)
        self._total = self.add_variable((channels,), "zeros", name="total")
        self._windows = self.add_variable((), "zeros", name="windows")

    def update_state(self, sums, windows):
        """sums: over so many windows, of the means over their time steps: `(channels,)`."""
        self._total.assign_add(sums)
        self._windows.assign_add(windows)

    def result(self):
        return ops.divide_no_nan(self._total, self._windows)


class AutoencoderTrainer(keras.Model):
    """Trains on windows in original units: the loss is taken of normalized values, MAE and MSE
    of reconstructions in original units, a channel at a time, all in one forward pass.

    Called, it gives the normalized targets, the autoencoder's normalized output and the
    reconstruction in original units, each `(batch, window_length, channels)`, computed in fewer
    operations than the plain model's.
    export: the plain Keras model from original units to original units that shares the weights;
    reconstructor: the same, its parts of a batch at the same time;
    parts: into which the device's steps cut a batch;
    computation: equal for trainers whose steps are the same operations on windows of the same
    shape, whatever their variables and `learned` hold.
    """

    def __init__(
        self,
        autoencoder: keras.Model,
        normalization: Normalization,
        parts: int = 1,
        precision: str = "float32",
    ):
        """precision: see FastAutoencoder."""
        super().__init__()
        window_length, channels = autoencoder.input_shape[1:]
        self._fast = FastAutoencoder(autoencoder, precision)
        self.normalization = normalization
        self.parts = parts
        windows = keras.Input((window_length, channels), name="windows")
        target, statistics = normalize(windows, normalization)
        output = autoencoder(target)
        reconstruction = denormalize(output, statistics, normalization)
        self.export = keras.Model(windows, reconstruction, name="signal_autoencoder")
        parts = min(parts, parts_at_once())  # its batches may be far smaller than those of a step
        self.reconstructor = keras.Model(windows, InParts(self.export, parts)(windows))
        self._loss_function = None
        self.computation = ""
        self.mae = ChannelMean(channels, "mae")
        self.mse = ChannelMean(channels, "mse")
        self.built = True  # all variables are there, and need no call to come about

    def compile_for(self, config: ExperimentConfig) -> None:
        training = config.training
        self.computation = _computation(config)
        self._loss_function = LOSSES[training.loss]()
        self.compile(optimizer=OPTIMIZERS[training.optimizer](training.learning_rate))
        self.optimizer.build(self.trainable_variables)  # now, or the first step is traced twice

    def state(self) -> list[np.ndarray]:
        """Weights, seed generators and the optimizer: all that a step reads and changes."""
        return [_number(variable) for variable in self.stepped()]

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """The inverse of `state`. Raises ValueError for another model's, unchanged."""
        variables = self.stepped()
        if [np.shape(array) for array in state] != [tuple(own.shape) for own in variables]:
            raise ValueError("the state is that of another model or optimizer")
        for variable, array in zip(variables, state, strict=True):
            variable.assign(array)

    def get_weights(self) -> list[np.ndarray]:
        """As Keras', in less time."""
        return [_number(variable) for variable in self.weights]

    def stepped(self) -> list[keras.Variable]:
        """What a step reads and writes."""
        return [*self.export.variables, *self.optimizer.variables]

    def masks(self, count) -> dict:
        """What dropout does to a batch of so many windows, by layer: `(count, length, filters)`."""
        return self._fast.masks(count)

    def kernels(self) -> list:
        """See FastAutoencoder."""
        return self._fast.kernels()

    def call(
        self,
        windows,
        training=False,
        masks: dict | None = None,
        kernels: list | None = None,
        learned: Learned | None = None,
    ):
        """masks: of these windows, drawn here if they are left out; kernels: of `kernels`; learned:
        in place of the same numbers as constants."""
        if training and masks is None:
            masks = self.masks(ops.shape(windows)[0])
        target, statistics = normalize(windows, self.normalization, learned)
        output = self._fast(target, masks=masks, kernels=kernels)
        return target, output, denormalize(output, statistics, self.normalization, learned)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The mean over the batch."""
        target, output, _ = y_pred
        return self._loss_function(target, output)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        count = ops.cast(ops.shape(x)[0], "float32")
        for metric, sums in zip((self.mae, self.mse), self.error_sums(x, y_pred), strict=True):
            metric.update_state(sums, count)
        return self.get_metrics_result()

    @staticmethod
    def error_sums(windows, y_pred):
        """MAE and MSE in original units, summed over the windows: `(channels,)` each."""
        difference = y_pred[-1] - windows
        for error in (ops.abs, ops.square):
            yield ops.sum(ops.mean(error(difference), axis=1), axis=0)


def _number(variable: keras.Variable) -> np.ndarray:
    """Its value. NumPy takes three times as long for a variable of TensorFlow as for a tensor."""
    value = variable.value
    return np.array(value.value() if hasattr(value, "value") else value)


def build_trainer(
    config: ExperimentConfig, normalization: Normalization, channels: int
) -> AutoencoderTrainer:
    """The compiled model with weights drawn from the configuration's seed.

    Keras takes the seeds of layers from Python's generator. Its `set_random_seed` would set
    TensorFlow's too, which nothing here draws from, and have it throw away what it has ready.
    """
    random.seed(config.training.seed)
    window_length = config.windows.window_length
    autoencoder = build_autoencoder(config.model, window_length, channels)
    is_threaded = has_gpu() or keras.backend.backend() == "jax"  # each operation by itself
    widest = describe_architecture(config.model, window_length, channels).widest
    parts = 1 if is_threaded else parts_of(config.training.batch_size, 4 * widest)
    trainer = AutoencoderTrainer(autoencoder, normalization, parts, config.training.precision)
    trainer.compile_for(config)
    return trainer


def _computation(config: ExperimentConfig) -> str:
    """All of a configuration but what a step meets as a variable, an argument or a shape."""
    kept = config.training.model_dump(exclude=_OUTSIDE_STEPS)
    return repr((config.model.model_dump(), config.normalization.model_dump(), kept))


def weights_hash(model: keras.Model) -> str:
    """SHA-256 of all weights of a model, in hexadecimal: the same for the same initial weights."""
    digest = hashlib.sha256()
    for weights in model.get_weights():
        digest.update(repr(weights.shape).encode())
        digest.update(np.ascontiguousarray(weights))
    return digest.hexdigest()
