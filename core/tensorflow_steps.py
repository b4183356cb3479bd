"""Steps on TensorFlow: one batch to a launch on the processor, many that XLA compiles on a GPU."""

from contextlib import nullcontext
from functools import partial

import numpy as np
import tensorflow as tf

from core.model import AutoencoderTrainer
from core.parts import each_part
from core.steps import HostSteps, Logs, ResidentSteps, logs_of
from core.windows import Split


class TensorFlowHostSteps(HostSteps):
    """One batch a launch, its parts at the same time, traced once for all sizes of a batch.

    Keras' `train_on_batch` takes a batch as a whole, and some two milliseconds beside it.
    """

    def __init__(self, trainer: AutoencoderTrainer, split: Split):
        super().__init__(trainer, split)
        take_graphs_as_traced()
        batch = tf.TensorSpec((None, *split.train.shape[1:]))
        self._traced = {
            trains: tf.function(partial(row_in_parts, trainer, trains), [batch], autograph=False)
            for trains in (True, False)
        }

    def _step(self, trains: bool, windows: np.ndarray) -> Logs:
        return logs_of(self._traced[trains](tf.constant(windows)).numpy().astype(np.float64))


def take_graphs_as_traced() -> None:
    """For the whole process: have TensorFlow not rewrite graphs before it runs them.

    That delayed a first step by 0.3 s, and steps of these graphs took as long without it.
    """
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def row_in_parts(trainer: AutoencoderTrainer, trains: bool, windows: tf.Tensor) -> tf.Tensor:
    """A step, or a pass that changes nothing. Returns loss, MAE and MSE: `(1 + 2 * channels,)`.

    The parts meet in sums over their windows alone, so that no core waits for another before. What
    is made of the weights is made once, and the gradients go back through that once.
    """
    variables = trainer.trainable_variables
    count = tf.shape(windows)[0]
    share = 1 / tf.cast(count, "float32")  # of a window
    masks = trainer.masks(count) if trains else {}
    with tf.GradientTape() if trains else nullcontext() as making:
        kernels = trainer.kernels()

    def part_of(start, stop) -> tuple:
        """What a part adds to the row, the loss first, and that apart."""
        part = windows[start:stop]
        own = {name: mask[start:stop] for name, mask in masks.items()}
        stages = trainer(part, masks=own, kernels=kernels)
        loss = tf.cast(stop - start, "float32") * share * trainer.compute_loss(part, y_pred=stages)
        errors = tf.concat([*trainer.error_sums(part, stages)], 0)
        return tf.concat([loss[None], share * errors], 0), loss

    def add_part(number, start, stop, row, *gradients) -> tuple:
        if not trains:
            return (row + part_of(start, stop)[0],)
        with tf.GradientTape() as tape:
            tape.watch(kernels)
            added, loss = part_of(start, stop)
        return row + added, *map(tf.add, gradients, tape.gradient(loss, kernels))

    zeros = [tf.zeros(1 + 2 * windows.shape[2]), *(map(tf.zeros_like, kernels) if trains else ())]
    row, *gradients = each_part(trainer.parts, count, add_part, tuple(zeros))
    if trains:
        gradients = making.gradient(kernels, [own.value for own in variables], gradients)
        trainer.optimizer.apply(gradients, variables)
    return row


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
