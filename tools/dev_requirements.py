"""Print the `dev` dependency group of pyproject.toml as requirements, for a pip that does not know groups."""

import sys
import tomllib
from pathlib import Path

with (Path(__file__).parent.parent / "pyproject.toml").open("rb") as file:
    sys.stdout.write("\n".join(tomllib.load(file)["dependency-groups"]["dev"]) + "\n")
