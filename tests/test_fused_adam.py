"""The optimizers in one operation do what those of Keras do."""

import keras
import numpy as np
import pytest

from core.fused_adam import FusedAdam, FusedAdamW

pytestmark = pytest.mark.slow
STEPS = 50


def trained(optimizer, seed=0):
    """Two weights of about 1 and the optimizer's own, after steps on gradients of many sizes."""
    random = np.random.default_rng(seed)
    weights = [
        keras.Variable(random.normal(size=shape), name=name)
        for name, shape in (("kernel", (3, 4)), ("bias", (5,)))
    ]
    optimizer.build(weights)
    for step in range(STEPS):
        scale = 10.0 ** (step % 5 - 3)
        gradients = [scale * random.normal(size=weight.shape) for weight in weights]
        optimizer.apply(
            [keras.ops.convert_to_tensor(gradient, "float32") for gradient in gradients]
        )
    return [keras.ops.convert_to_numpy(v) for v in (*weights, *optimizer.variables)]


@pytest.mark.parametrize(
    ("fused", "plain", "options"),
    [
        (FusedAdam, keras.optimizers.Adam, {}),
        (FusedAdam, keras.optimizers.Adam, {"learning_rate": 0.1, "beta_1": 0.5, "epsilon": 0.01}),
        (FusedAdam, keras.optimizers.Adam, {"global_clipnorm": 0.1}),
        (FusedAdamW, keras.optimizers.AdamW, {"weight_decay": 0.05}),
    ],
    ids=["adam", "other options", "clipped", "adamw"],
)
def test_fused_updates_are_those_of_keras(fused, plain, options):
    for found, expected in zip(trained(fused(**options)), trained(plain(**options)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-5)


def test_another_beta_is_another_update():
    assert not np.allclose(trained(FusedAdam())[0], trained(FusedAdam(beta_1=0.8))[0])


def test_variables_are_those_of_keras_so_that_either_takes_up_the_state_of_the_other():
    def told(optimizer):
        trained(optimizer)
        return [(variable.path, variable.shape) for variable in optimizer.variables]

    plain = keras.optimizers.Adam(name="optimizer")
    assert told(FusedAdam(name="optimizer")) == told(plain)
