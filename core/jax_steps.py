"""Many batches to a launch on JAX: a loop over Keras' stateless step, compiled as a whole."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from core.model import AutoencoderTrainer
from core.steps import ResidentSteps
from core.windows import Split


class JaxSteps(ResidentSteps):
    def __init__(self, trainer: AutoencoderTrainer, split: Split):
        super().__init__(trainer, split)
        self._reach = np.arange(self._window_length, dtype=np.int32)
        self._compiled = {trains: jax.jit(partial(self._loop, trains)) for trains in (True, False)}

    def _put(self, values: np.ndarray) -> jax.Array:
        return jax.device_put(values)

    def _launch(self, trains: bool, values: jax.Array, starts: np.ndarray, count: int):
        trainer = self._trainer
        kept = [trainer.trainable_variables, trainer.non_trainable_variables]
        kept += [trainer.optimizer.variables] * trains
        state, table = self._compiled[trains](
            [[variable.value for variable in part] for part in kept], values, starts, count
        )
        for part, changed in zip(kept, state, strict=True):
            for variable, value in zip(part, changed, strict=True):
                variable.assign(value)
        return np.asarray(table)

    def _loop(self, trains: bool, state: list, values, starts, count):
        """State and means of all batches after `count` steps."""
        trainer = self._trainer
        step = trainer.train_step if trains else trainer.test_step
        zeros = [jnp.zeros_like(variable.value) for variable in trainer.metrics_variables]

        def body(batch, carried):
            state, table = carried
            windows = values[starts[batch][:, None] + self._reach]
            logs, (*state, _) = step((*state, zeros), (windows,))
            row = jnp.concatenate([logs["loss"][None], logs["mae"], logs["mse"]])
            return list(state), table.at[batch].set(row)

        table = jnp.zeros((starts.shape[0], 1 + 2 * values.shape[1]))
        return lax.fori_loop(0, count, body, (state, table))
