"""Python code in a process of its own, for what an import does only once."""

import subprocess
import sys

from core.processes import PROJECT_ROOT


def run_alone(program: str) -> None:
    """Run it in the project's root; the test fails as it fails."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
