"""Steps on TensorFlow: one batch to a launch on the processor, many that XLA compiles on a GPU."""

from functools import partial

import numpy as np
import tensorflow as tf

from core.model import AutoencoderTrainer
from core.steps import HostSteps, Logs, ResidentSteps, logs_of
from core.windows import Split


class TensorFlowHostSteps(HostSteps):
    """One batch a launch, traced once for all sizes of a batch, and no more than the step.

    Keras' `train_on_batch` does the same, and some two milliseconds beside it.
    """

    def __init__(self, trainer: AutoencoderTrainer, split: Split):
        super().__init__(trainer, split)
        self._traced = {
            trains: tf.function(partial(row_of_step, trainer, trains)) for trains in (True, False)
        }

    def _step(self, trains: bool, windows: np.ndarray) -> Logs:
        return logs_of(self._traced[trains](tf.constant(windows)).numpy().astype(np.float64))


class TensorFlowSteps(ResidentSteps):
    def __init__(self, trainer: AutoencoderTrainer, split: Split):
        super().__init__(trainer, split)
        self._compiled = {
            trains: tf.function(self._looped(trains), jit_compile=True) for trains in (True, False)
        }

    def _put(self, values: np.ndarray) -> tf.Tensor:
        return tf.constant(values)

    def _launch(self, trains: bool, values: tf.Tensor, starts: np.ndarray, count: int):
        return self._compiled[trains](values, tf.constant(starts), tf.constant(count)).numpy()

    def _looped(self, trains: bool):
        trainer, reach = self._trainer, np.arange(self._window_length, dtype=np.int32)

        def loop(values, starts, count):
            def body(batch, table):
                windows = tf.gather(values, starts[batch][:, None] + reach)
                row = row_of_step(trainer, trains, windows)
                return batch + 1, tf.tensor_scatter_nd_update(table, [[batch]], [row])

            table = tf.zeros((starts.shape[0], 1 + 2 * values.shape[1]))
            is_left = lambda batch, table: batch < count  # noqa: E731
            return tf.while_loop(is_left, body, (tf.constant(0), table))[1]

        return loop


def row_of_step(trainer: AutoencoderTrainer, trains: bool, windows: tf.Tensor) -> tf.Tensor:
    """Loss, MAE and MSE of a batch: `(1 + 2 * channels,)`."""
    for variable in trainer.metrics_variables:
        variable.assign(tf.zeros_like(variable.value))
    logs = (trainer.train_step if trains else trainer.test_step)((windows,))
    return tf.concat([logs["loss"][None], logs["mae"], logs["mse"]], 0)
