"""Throughput of training on the question's job: `python -m tests.benchmarks.training`.

25,088 windows of 200 x 4, batches of 256, the default model, MAE, Adam, float32. Trained in turns,
some batches each: by this project, by plain Keras `fit` as anyone would write it (Conv2D, numpy
arrays in), both on each back end that is installed, by the latter told to use oneDNN, as TensorFlow
does by itself on some processors alone, and by a plain PyTorch loop over the same layers
(`pip install torch jax`; nothing else here needs PyTorch). Between them a matrix product,
whose rate is what the machine can do. Each lives in a process of its own and waits for its turn.
All use a GPU where their back end finds one. Prints a table of medians; takes some five minutes on
two cores.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from core.backends import installed

WINDOWS, LENGTH, CHANNELS, BATCH = 25_088, 200, 4, 256
SIDE, GPU_SIDE = 2048, 8192  # of the matrices
SHARED_GPU = {  # no process takes more of its memory than it needs
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}

Turn = Callable[[], float]  # trains; returns windows, or operations, a second


def timed(train: Callable[[], object], count: int) -> Turn:
    """A turn that does so many of whatever is counted."""

    def turn() -> float:
        began = time.perf_counter()
        train()
        return count / (time.perf_counter() - began)

    return turn


def data(windows: int) -> np.ndarray:
    """Windows of the question's kind, `(windows, 200, 4)`, float32, 0-255."""
    from core.config import DataConfig
    from core.signals.generators import generate

    config = DataConfig(name="question", time_steps=windows * LENGTH, channels=CHANNELS)
    return generate(config).values.astype(np.float32).reshape(windows, LENGTH, CHANNELS)


def this_project(windows: np.ndarray, precision: str = "float32") -> Turn:
    from core.cores import set_up_tensorflow

    set_up_tensorflow()
    from core.config import ExperimentConfig
    from core.training import Training
    from core.windows import split_windows

    share = 1 / len(windows)  # one window to validate on: it is training that is measured
    config = ExperimentConfig().replace(
        {
            "windows.window_length": LENGTH,
            "windows.validation_share": max(share, 0.001),
            "training.batch_size": BATCH,
            "training.epochs": 10_000,
            "training.patience": 0,
            "training.precision": precision,
        }
    )
    training = Training(config, split_windows(windows, config.windows))
    epochs = training.epochs()
    return timed(lambda: next(epochs), len(training.split.train))


def plain_keras(windows: np.ndarray) -> Turn:
    import keras
    from keras import layers

    windows = windows[:, None] / 255  # (windows, 1, 200, 4): height 1, as images
    model = keras.Sequential([keras.Input(windows.shape[1:])])
    for filters in (64, 32, 32):
        model.add(layers.Conv2D(filters, (1, 3), padding="same", activation="relu"))
        model.add(layers.MaxPooling2D((1, 2), padding="same"))
    for filters in (32, 32, 64):
        model.add(layers.Conv2D(filters, (1, 3), padding="same", activation="relu"))
        model.add(layers.UpSampling2D((1, 2)))
    model.add(layers.Conv2D(CHANNELS, (1, 3), padding="same"))
    model.compile("adam", "mae")
    return timed(
        lambda: model.fit(windows, windows, batch_size=BATCH, epochs=1, verbose=0), len(windows)
    )


def plain_keras_told(windows: np.ndarray) -> Turn:
    from core.cores import take_onednn

    take_onednn()
    return plain_keras(windows)


def plain_torch(windows: np.ndarray) -> Turn:
    import torch
    from torch import nn

    parts: list[nn.Module] = []
    before = CHANNELS
    for filters in (64, 32, 32):
        parts += [nn.Conv1d(before, filters, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2)]
        before = filters
    for filters in (32, 32, 64):
        parts += [nn.Conv1d(before, filters, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)]
        before = filters
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = nn.Sequential(*parts, nn.Conv1d(before, CHANNELS, 3, padding=1)).to(device)
    values = torch.from_numpy((windows / 255).transpose(0, 2, 1).copy())  # channels first
    values = values.to(device)
    optimizer = torch.optim.Adam(model.parameters())
    measure = nn.L1Loss()

    def train() -> None:
        for chosen in torch.randperm(len(values)).split(BATCH):
            batch = values[chosen]
            optimizer.zero_grad()
            measure(model(batch), batch).backward()
            optimizer.step()
        float(next(model.parameters()).sum())  # waits for a GPU

    return timed(train, len(windows))


def matrix_products(windows: np.ndarray) -> Turn:
    """The rate of a float32 matrix product: what the machine can do at best."""
    from core.cores import take_onednn

    take_onednn()
    import keras
    from keras import ops

    from core.gpu import has_gpu

    side = GPU_SIDE if has_gpu() else SIDE
    matrix = keras.random.normal((side, side))

    def multiply() -> None:
        products = [ops.matmul(matrix, matrix) for _ in range(10)]
        ops.convert_to_numpy(products[-1][0, 0])

    return timed(multiply, 10 * 2 * side**3)


CONTENDERS = {
    "this project": this_project,
    "this project, bfloat16": partial(this_project, precision="bfloat16"),
    "plain Keras fit": plain_keras,
    "plain Keras fit, oneDNN": plain_keras_told,
    "PyTorch": plain_torch,
    "this project on JAX": this_project,
    "this project on JAX, bfloat16": partial(this_project, precision="bfloat16"),
    "plain Keras fit on JAX": plain_keras,
    "matrix products": matrix_products,
}


def backend_for(name: str) -> str:
    """The one its name says, or what is there."""
    there = installed()
    return "jax" if "JAX" in name or "tensorflow" not in there else "tensorflow"


class Contender:
    """A process that trains when it is told to."""

    def __init__(self, name: str, batches: int):
        self.name = name
        self.rates: list[float] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, "--contender", name, "--batches", str(batches)],
            env=os.environ | SHARED_GPU | {"KERAS_BACKEND": backend_for(name)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.is_there = self._process.stdout.readline() == "ready\n"

    def run(self) -> None:
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        self.rates.append(float(self._process.stdout.readline()))

    def leave(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def contend(name: str, batches: int) -> None:
    """Be a contender: a turn for each line of standard input."""
    turn = CONTENDERS[name](data(batches * BATCH))
    turn()  # traced, and warm
    print("ready", flush=True)
    for _ in sys.stdin:
        print(turn(), flush=True)


def operations_per_window() -> float:
    """Multiplications and additions of the plain model's convolutions, there and back."""
    from core.architecture import describe_architecture
    from core.config import ModelConfig

    products, before = 0, CHANNELS
    for layer in describe_architecture(ModelConfig(), LENGTH, CHANNELS).layers:
        steps, filters = layer.output_shape
        if layer.parameters:
            products += steps * 3 * before * filters
        before = filters
    return 2 * 3 * products  # forward; gradients of the input and of the weights


def report(contenders: list[Contender], machine: Contender) -> list[str]:
    bound = statistics.median(machine.rates)
    operations = operations_per_window()
    lines = [
        f"matrix product: {bound / 1e9:.0f} GFLOP/s; "
        f"{operations / 1e6:.1f} MFLOP a window; load average {os.getloadavg()[0]:.1f}",
        "",
        "| trained by | windows/s | slowest-fastest | an epoch | of the product's rate | ratio |",
        "|---|---|---|---|---|---|",
    ]
    first = contenders[0]
    for one in contenders:
        rate = statistics.median(one.rates)
        ratio = statistics.median(a / b for a, b in zip(first.rates, one.rates, strict=True))
        lines.append(
            f"| {one.name} | {rate:,.0f} | {min(one.rates):,.0f}-{max(one.rates):,.0f} | "
            f"{WINDOWS / rate:.2f} s | {operations * rate / bound:.0%} | {ratio:.2f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batches", type=int, default=48, help="of each contender in a round")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.contender:
        contend(given.contender, given.batches)
        return
    wanted = [name for name in CONTENDERS if "JAX" not in name or "jax" in installed()]
    *contenders, machine = (Contender(name, given.batches) for name in wanted)
    there = [one for one in contenders if one.is_there]
    for _ in range(given.rounds):
        for one in (*there, machine):
            one.run()
    for one in (*contenders, machine):
        one.leave()
    print(*report(there, machine), sep="\n")
    for one in contenders:
        if not one.is_there:
            print(f"{one.name} is not installed, or fails: not measured.")


if __name__ == "__main__":
    main()
