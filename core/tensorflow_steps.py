"""Many batches to a launch on TensorFlow: a loop that XLA compiles as a whole."""

import numpy as np
import tensorflow as tf

from core.model import AutoencoderTrainer
from core.steps import ResidentSteps
from core.windows import Split


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
        step = trainer.train_step if trains else trainer.test_step

        def loop(values, starts, count):
            def body(batch, table):
                for variable in trainer.metrics_variables:
                    variable.assign(tf.zeros_like(variable.value))
                logs = step((tf.gather(values, starts[batch][:, None] + reach),))
                row = tf.concat([logs["loss"][None], logs["mae"], logs["mse"]], 0)
                return batch + 1, tf.tensor_scatter_nd_update(table, [[batch]], [row])

            table = tf.zeros((starts.shape[0], 1 + 2 * values.shape[1]))
            is_left = lambda batch, table: batch < count  # noqa: E731
            return tf.while_loop(is_left, body, (tf.constant(0), table))[1]

        return loop
