"""Steps on TensorFlow: one batch to a launch on the processor, many that XLA compiles on a GPU."""

import weakref
from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from core.model import AutoencoderTrainer, Learned
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
        self._window = split.train.shape[1:]
        arguments = np.int32(trainer.parts), *Learned.of(trainer.normalization)
        self._arguments = [tf.constant(value) for value in arguments]
        self._traced: dict[bool, Callable[..., tf.Tensor]] = {}

    def _step(self, trains: bool, windows: np.ndarray) -> Logs:
        if trains not in self._traced:
            self._traced[trains] = self._take_up(trains)
        step = self._traced[trains]
        return logs_of(step(tf.constant(windows), *self._arguments).numpy().astype(np.float64))

    def _take_up(self, trains: bool) -> Callable[..., tf.Tensor]:
        """The step, traced for this trainer, or for one before it that computed the same."""
        key = trains, self._window, self._trainer.computation
        handles = [variable.value.handle for variable in self._trainer.stepped()]
        step = IDLE_STEPS.take(key) or Step.of(self._trace(trains), handles)
        step.use(handles)
        weakref.finalize(self, IDLE_STEPS.put, key, step).atexit = False
        return step.function

    def _trace(self, trains: bool) -> Any:
        traced = tf.function(partial(row_in_parts, self._trainer, trains), autograph=False)
        given = [tf.TensorSpec(value.shape, value.dtype) for value in self._arguments]
        return traced.get_concrete_function(tf.TensorSpec((None, *self._window)), *given)


@dataclass(frozen=True)
class Step:
    """A traced step, and which of a trainer's variables it reads and writes."""

    function: Any  # of TensorFlow, concrete
    places: tuple[int, ...]  # among the variables, of each that the function captured

    @classmethod
    def of(cls, function: Any, handles: Sequence[tf.Tensor]) -> "Step":
        """handles: of all variables that a step may use. Raises ValueError for another one's."""
        known = {id(handle): place for place, handle in enumerate(handles)}
        try:
            return cls(function, tuple(known[id(own)] for own in function.captured_inputs))
        except KeyError:
            raise ValueError("a step uses more than its trainer's variables") from None

    def use(self, handles: Sequence[tf.Tensor]) -> None:
        """Read and write these variables from now on: none, or one of each kind it was made for."""
        self.function.set_external_captures([handles[place] for place in self.places])

    def let_go(self) -> None:
        self.function.set_external_captures([])


class IdleSteps:
    """Traced steps that no training uses any more, those that were given back last.

    Tracing one takes half a second, and setups that differ in seed, rate, epochs or data alone are
    trained by the same operations. A graph keeps the variables of the training it was traced for.
    """

    def __init__(self, most: int):
        self._most = most
        self._steps: dict[Hashable, Step] = {}

    def take(self, key: Hashable) -> Step | None:
        return self._steps.pop(key, None)

    def put(self, key: Hashable, step: Step) -> None:
        step.let_go()
        self._steps.pop(key, None)
        self._steps[key] = step
        for oldest in list(self._steps)[: -self._most]:
            self._steps.pop(oldest, None)  # the collector gives back whenever it finds something

    def clear(self) -> None:
        self._steps.clear()


IDLE_STEPS = IdleSteps(most=8)  # of four setups, each for training and for validation


def take_graphs_as_traced() -> None:
    """For the whole process: have TensorFlow not rewrite graphs before it runs them.

    That delayed a first step by 0.3 s, and steps of these graphs took as long without it.
    """
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def row_in_parts(
    trainer: AutoencoderTrainer,
    trains: bool,
    windows: tf.Tensor,
    parts: tf.Tensor,
    *learned: tf.Tensor,
) -> tf.Tensor:
    """A step, or a pass that changes nothing. Returns loss, MAE and MSE: `(1 + 2 * channels,)`.

    The parts meet in sums over their windows alone, so that no core waits for another before. What
    is made of the weights is made once, and the gradients go back through that once.
    parts: how many; learned: see `Learned`.
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
        stages = trainer(part, masks=own, kernels=kernels, learned=Learned(*learned))
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
    row, *gradients = each_part(parts, count, add_part, tuple(zeros))
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
