"""Which steps suit the device that Keras computes on here."""

import keras
import numpy as np

from core.gpu import has_gpu
from core.meters import free_gpu_memory
from core.model import AutoencoderTrainer
from core.steps import Steps
from core.windows import Split

if keras.backend.backend() == "jax":
    from core.jax_steps import JaxSteps as DeviceSteps
    from core.steps import HostSteps
else:
    from core.tensorflow_steps import TensorFlowHostSteps as HostSteps
    from core.tensorflow_steps import TensorFlowSteps as DeviceSteps

LARGEST_SHARE = 0.5  # of the GPU's free memory, for the recording
LARGEST_UNKNOWN = 1 << 30  # bytes, where the free memory is not known


def make_steps(trainer: AutoencoderTrainer, split: Split) -> Steps:
    """Steps on the device where that is a GPU with room for the recording."""
    return (DeviceSteps if has_gpu() and _fits(split) else HostSteps)(trainer, split)


def _fits(split: Split) -> bool:
    shapes = [(len(part.index), *part.segments.shape[1:]) for _, part in split.parts()]
    free = free_gpu_memory()
    room = LARGEST_UNKNOWN if free is None else LARGEST_SHARE * free
    numbers = sum(segments * steps * channels for segments, steps, channels in shapes)
    longest = max(segments * steps for segments, steps, _ in shapes)
    return 4 * numbers <= room and longest <= np.iinfo(np.int32).max
