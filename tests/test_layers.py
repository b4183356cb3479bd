"""The layers of the design: who may import whom, and what the app process never loads."""

import ast
from pathlib import Path

import pytest

from tests.own_process import run_alone

ROOT = Path(__file__).resolve().parent.parent
# A module of core may import the modules named before it, besides its own row.
LAYERS = [
    {"core.config", "core.config_faults"}
    | {"core.number_text", "core.spreadsheets", "core.public", "core.web"},
    {"core.json_values"},
    {"core.cores"},
    {"core.threads", "core.intervals", "core.processor"},
    {"core.upload_room"},
    {"core.upload_pieces"},
    {"core.signals"},
    {"core.windows", "core.backends"},
    {"core.channel_values", "core.window_anomalies"},
    {"core.normalization"},
    {"core.output_range", "core.output_slopes", "core.architecture", "core.kept_windows"},
    {"core.beyond_sums"},
    {"core.pair_floors", "core.affine_floors"},
    {"core.targets", "core.verdicts", "core.clipped_windows"},
    {"core.matrix"},
    {"core.metrics", "core.pca"},
    {"core.durable", "core.disk", "core.experiment_mark"},
    {"core.store_changes"},
    {"core.run_status", "core.run_history", "core.output_lines", "core.replay"},
    {"core.run_folder"},
    {"core.training_state"},
    {"core.checkpoints"},
    {"core.runs", "core.results", "core.run_size"},
    {"core.continuation"},
    {"core.visits", "core.upload_folder", "core.sweep_times"},
    {"core.admission", "core.retention"},
    {"core.diagnosis"},
    {"core.trials"},
    {"core.matrix_report"},
    {"core.meters"},
    {"core.baselines"},
    {"core.processes", "core.gpu_faults"},
    {"core.run_end", "core.resumption"},
    {"core.run_queue", "core.run_watch", "core.worker_pool"},
    {"core.runner"},
    {"core.sweep"},
    {"core.gpu", "core.fused_adam", "core.parts", "core.learning_rate"},
    {"core.tensorflow_convolution"},
    {"core.fast_autoencoder"},
    {"core.model"},
    {"core.steps"},
    {"core.tensorflow_steps", "core.jax_steps"},
    {"core.device_steps"},
    {"core.training", "core.evaluation", "core.probe"},
    {"core.epoch_records", "core.take_up", "core.preparation"},
    {"core.run_training"},
    {"core.worker"},
    {"core.commands"},
    {"core.__main__"},
    {"core.charts"},
    {"core.session"},
    {"core.views"},
]
SHOWS_PAGES = {"core.session", "core.views"}  # the modules of core that may name Streamlit
USES_KERAS = {
    *(
        "core.gpu",
        "core.tensorflow_convolution",
        "core.fast_autoencoder",
        "core.fused_adam",
        "core.parts",
        "core.model",
        "core.steps",
        "core.device_steps",
        "core.tensorflow_steps",
        "core.jax_steps",
        "core.training",
        "core.evaluation",
        "core.probe",
        "core.epoch_records",
    ),
    *("core.learning_rate", "core.take_up", "core.preparation", "core.run_training"),
    *("core.worker", "core.commands.keras_import", "core.commands.reconstructions"),
}
NAMES_A_BACK_END = {
    "core.tensorflow_convolution",  # for gradients that Keras leaves to it
    "core.fused_adam",  # for one that Keras does in thirty
    *("core.parts", "core.tensorflow_steps", "core.jax_steps"),  # for loops that Keras has not
}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> int:
    for number, modules in enumerate(LAYERS):
        if any(module == known or module.startswith(f"{known}.") for known in modules):
            return number
    raise AssertionError(f"{module} has no layer: add it to LAYERS")


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, also within functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


CORE = sorted(path for path in (ROOT / "core").rglob("*.py") if module_of(path) != "core")


@pytest.mark.parametrize("path", CORE, ids=map(module_of, CORE))
def test_a_module_imports_only_from_the_layers_above_it(path):
    module = module_of(path)
    imported = imports_of(path)
    for name in imported:
        if name.startswith("core.") and any(
            name == known or name.startswith(f"{known}.") for row in LAYERS for known in row
        ):
            assert layer_of(name) <= layer_of(module), f"{module} imports {name}"
    libraries = {name.partition(".")[0] for name in imported}
    if not any(module == shown or module.startswith(f"{shown}.") for shown in SHOWS_PAGES):
        assert "streamlit" not in libraries
    if module not in USES_KERAS:
        assert libraries.isdisjoint({"keras", "tensorflow", "jax", "torch"})
    if module not in NAMES_A_BACK_END:
        assert libraries.isdisjoint({"tensorflow", "jax", "torch"}), "model code is Keras' own API"
    assert "multiprocessing" not in libraries


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda path: path.stem)
def test_pages_stay_away_from_the_model(path):
    for name in imports_of(path):
        kept_away = {*USES_KERAS, "core.commands"}
        assert not any(name == banned or name.startswith(f"{banned}.") for banned in kept_away)
        assert name.partition(".")[0] not in {"keras", "tensorflow"}


SHOWN = [*(ROOT / "core/session").glob("*.py"), *(ROOT / "core/views").glob("*.py")]


@pytest.mark.parametrize("path", sorted(SHOWN), ids=module_of)
def test_the_app_process_parses_no_file(path):
    """What reads files may crash: the app asks a process of core.signals.reading."""
    for name in imports_of(path):
        assert name not in {
            "core.signals.readers.outline",
            "core.signals.readers.read_recording",
            "core.signals.readers.READERS",
        }
        assert not name.endswith("_reader")


@pytest.mark.slow
def test_the_app_process_loads_neither_keras_nor_tensorflow():
    run_alone(
        "import sys, importlib, pathlib\n"
        "import core.session, core.views, core.charts\n"
        "from streamlit.testing.v1 import AppTest\n"
        "for page in sorted(pathlib.Path('pages').glob('*.py')):\n"
        "    AppTest.from_file('app.py', default_timeout=60).switch_page(str(page)).run()\n"
        "loaded = {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
