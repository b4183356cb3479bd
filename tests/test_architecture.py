"""The architecture worked out without Keras, beside hand-counted numbers and Keras itself."""

import pytest

from core.architecture import describe_architecture
from core.config import ModelConfig

SHAPES = [
    (ModelConfig(), 200, 4),
    (ModelConfig(), 197, 1),
    (ModelConfig(filters=(8,), pooling_steps=0, latent_channels=3, kernel_size=5), 50, 2),
    (ModelConfig(filters=(), pooling_steps=1, latent_channels=2, kernel_size=1), 7, 3),
    (ModelConfig(filters=(4, 4, 4, 4), pooling_steps=5, latent_channels=6), 2, 1),
    (ModelConfig(filters=(16, 8, 8), pooling_steps=2, dropout=0.2), 133, 5),
]


def test_the_question_has_no_bottleneck():
    architecture = describe_architecture(ModelConfig(), 200, 4)
    assert architecture.latent_shape == (25, 32)
    assert architecture.latent_values == 800
    assert architecture.compression_ratio == 1.0
    assert architecture.parameters == 23_300  # counted by Keras for the published code


def test_narrow_latent_layers_compress():
    assert describe_architecture(ModelConfig(latent_channels=2), 200, 4).compression_ratio == 16


@pytest.mark.slow
@pytest.mark.parametrize(("model", "window_length", "channels"), SHAPES)
def test_keras_builds_exactly_this(model, window_length, channels):
    from core.model import build_autoencoder

    architecture = describe_architecture(model, window_length, channels)
    autoencoder = build_autoencoder(model, window_length, channels)
    assert autoencoder.output_shape == (None, window_length, channels)
    assert autoencoder.count_params() == architecture.parameters
    convolutions = [layer for layer in autoencoder.layers if "conv" in layer.name]
    described = [layer for layer in architecture.layers if "convolution" in layer.name]
    assert [layer.output.shape[1:] for layer in convolutions] == [
        layer.output_shape for layer in described
    ]
    latent = len(model.filters)
    pooled = architecture.levels[-1].pooled_length
    assert architecture.latent_shape == (pooled, convolutions[latent].filters)
