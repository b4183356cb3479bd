"""Check everything: `python3 -m tests`. Needs Python 3.11 or newer, and on Debian nothing else.

Makes a virtual environment of its own (.venv-test), installs what the project and its tests need,
Debian's Chromium for the browser tests included, then runs the linter and the tests. Arguments go
to pytest: `python3 -m tests -m "not browser and not slow"` is the fast part.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-test"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
REQUIREMENTS = sorted([*ROOT.glob("requirements*.txt"), ROOT / "constraints.txt"])


def run(*command: str | Path) -> None:
    """Run a command in the project's root; a failure ends the whole with its exit code."""
    print("+", *command, flush=True)
    code = subprocess.run(command, cwd=ROOT).returncode
    if code:
        sys.exit(code)


def install_debian(*packages: str) -> None:
    if shutil.which("apt-get") is None:
        sys.exit(f"Please install {' and '.join(packages)}, then run this again.")
    root = [] if os.geteuid() == 0 else ["sudo"]
    run(*root, "apt-get", "update", "-qq")
    run(*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)


def prepare_environment() -> None:
    """The virtual environment, made anew whenever a requirements file has changed."""
    stamp = ENVIRONMENT / "requirements.sha256"
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in REQUIREMENTS)).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], cwd=ROOT)
    if made.returncode:  # Debian keeps what venv needs in a package of its own
        install_debian("python3-venv")
        run(sys.executable, "-m", "venv", "--clear", ENVIRONMENT)
    install = (BIN / "python", "-m", "pip", "install", "--quiet", "--no-compile")
    run(*install, "-r", "requirements-test.txt")  # what is imported is compiled then: a fraction
    stamp.write_text(wanted)


def main(arguments: list[str]) -> None:
    # Kept bytecode: each process that imports TensorFlow would compile it again, for 15 s.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    prepare_environment()
    if not any(map(shutil.which, ("chromium-headless-shell", "chromium"))):
        install_debian("chromium-headless-shell", "fonts-dejavu-core")
    run(BIN / "ruff", "check")
    run(BIN / "ruff", "format", "--check")
    if arguments:
        run(BIN / "python", "-m", "pytest", *arguments)
    else:  # two files at a time; but a browser has the machine for itself
        run(BIN / "python", "-m", "pytest", "-m", "not browser")
        run(BIN / "python", "-m", "pytest", "-m", "browser")


if __name__ == "__main__":
    main(sys.argv[1:])
