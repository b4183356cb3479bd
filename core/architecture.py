"""The autoencoder's shape, worked out without Keras, so that the app can say it before training.

The encoder is a convolution for each entry of `filters` and one for the latent channels; the first
`pooling_steps` of them are followed by max pooling by 2. The decoder mirrors it: a convolution,
then upsampling by 2, cut back to the length the encoder had there, so that any window length comes
out as it went in. One last convolution has the output activation. A test holds this equal to Keras.
"""

import math
from dataclasses import dataclass

from core.config import ModelConfig


@dataclass(frozen=True)
class Level:
    """One convolution of the encoder and its mirror image in the decoder."""

    filters: int
    length: int  # time steps that enter the encoder's convolution
    pooled_length: int  # time steps that leave it; equal to length where nothing is pooled

    @property
    def is_pooled(self) -> bool:
        return self.pooled_length != self.length


@dataclass(frozen=True)
class Layer:
    """A row of the model table."""

    name: str
    output_shape: tuple[int, int]  # (time steps, channels)
    parameters: int


@dataclass(frozen=True)
class Architecture:
    levels: tuple[Level, ...]
    layers: tuple[Layer, ...]
    window_values: int
    latent_shape: tuple[int, int]  # (time steps, channels)

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def latent_values(self) -> int:
        return self.latent_shape[0] * self.latent_shape[1]

    @property
    def widest(self) -> int:
        """How many values the layer that gives out the most gives out for a window."""
        return max(math.prod(layer.output_shape) for layer in self.layers)

    @property
    def compression_ratio(self) -> float:
        """Values of a window / latent values; at or under 1 there is no bottleneck."""
        return self.window_values / self.latent_values


def describe_architecture(model: ModelConfig, window_length: int, channels: int) -> Architecture:
    """The levels and layers for windows `(window_length, channels)`."""
    levels, length = [], window_length
    for number, filters in enumerate((*model.filters, model.latent_channels)):
        pooled = -(-length // 2) if number < model.pooling_steps else length
        levels.append(Level(filters, length, pooled))
        length = pooled

    layers, incoming = [], channels

    def convolution(name: str, steps: int, filters: int) -> None:
        nonlocal incoming
        parameters = (model.kernel_size * incoming + 1) * filters  # weights and biases
        layers.append(Layer(name, (steps, filters), parameters))
        incoming = filters

    for level in levels:
        convolution("convolution", level.length, level.filters)
        if level.is_pooled:
            layers.append(Layer("max pooling by 2", (level.pooled_length, level.filters), 0))
    latent_shape = (length, model.latent_channels)
    for level in reversed(levels):
        convolution("convolution", level.pooled_length, level.filters)
        if level.is_pooled:
            layers.append(Layer("upsampling by 2", (level.length, level.filters), 0))
    convolution("output convolution", window_length, channels)
    return Architecture(tuple(levels), tuple(layers), window_length * channels, latent_shape)
