"""Scripts of rules run without Snakemake, with objects like those that it gives them.

This file imports nothing large: a process begins with the memory of the one that started it.
"""

import runpy
from pathlib import Path
from types import SimpleNamespace

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"


class Given(list):
    """Files or values, some of them named, as Snakemake gives them to a script."""

    def __init__(self, unnamed=(), **named):
        super().__init__([*unnamed, *(value for each in named.values() for value in _flat(each))])
        self._named = named
        # Also those that a list has a method of the name of, such as ``index``.
        self.__dict__.update(named)

    def items(self):
        """Return the named ones with their names."""
        return self._named.items()

    def get(self, name, default=None):
        """Return a named one, or a default."""
        return self._named.get(name, default)


def _flat(value):
    return value if isinstance(value, list) else [value]


def given(log="results/logs/job.log", unnamed=(), rule="", **parts):
    """Return the object ``snakemake``; ``input``, ``output`` and the like are mappings."""
    named = {name: Given(**parts.get(name, {})) for name in ("output", "params", "wildcards")}
    resources = Given(**parts.get("resources", {}))
    inputs = Given(unnamed, **parts.get("input", {}))
    return SimpleNamespace(**named, rule=rule, input=inputs, resources=resources, log=[log])


def run_script(script, snakemake):
    """Run ``scripts/<script>`` in this process; the folders of its outputs are made, as there."""
    for path in snakemake.output:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    runpy.run_path(str(SCRIPTS / script), {"snakemake": snakemake}, run_name="__main__")
