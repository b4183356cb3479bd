"""What bfloat16 costs in error: `python -m tests.benchmarks.precision`.

The question's data and model with a ReLU output, trained for some epochs with several seeds in both
precisions; the same seed begins with the same weights. Prints a table of errors on the validation
windows, in the data's own units; takes about five minutes on two cores.
"""

import argparse
import statistics

from core.config import PRESETS, Precision, choices
from core.cores import set_up_tensorflow

ACTIVATION = "relu"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=4)
    given = parser.parse_args()
    set_up_tensorflow()
    from core.signals.generators import generate
    from core.training import Training
    from core.windows import split_windows

    changes = {"model.output_activation": ACTIVATION, "training.epochs": given.epochs}
    config = PRESETS["question"].replace(changes)
    split = split_windows(generate(config.data).values, config.windows)
    print(
        f"| seed | {' | '.join(choices(Precision))} | difference |", "|---|---|---|---|", sep="\n"
    )
    differences = []
    for seed in range(given.seeds):
        errors = []
        for precision in choices(Precision):
            asked = {"training.seed": seed, "training.precision": precision}
            training = Training(config.replace(asked), split)
            errors.append(min(epoch.val_mae for epoch in training.epochs()))
        differences.append(errors[1] / errors[0] - 1)
        print(
            f"| {seed} | {errors[0]:.3f} | {errors[1]:.3f} | {differences[-1]:+.1%} |", flush=True
        )
    print(f"median difference {statistics.median(differences):+.1%}")


if __name__ == "__main__":
    main()
