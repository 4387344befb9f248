"""A job that trains a network: what it takes from its rule, the same whatever the network."""

from lensflow.seeds import rng
from lensflow.train.stops import job_deadline


def training_arguments(network: str, snakemake) -> dict[str, object]:
    """Return the arguments of `lensflow.train.network.train_network` that every training has.

    Parameters
    ----------
    network : str
        A key of `lensflow.networks.kinds.NETWORKS`.
    snakemake
        What Snakemake gives a script; runs differ by the seed that their wildcards give.
    """
    params, outputs = snakemake.params, snakemake.output
    return {
        "network": network,
        "preset": params.preset,
        "stack_paths": list(snakemake.input.stacks),
        "weights_path": outputs.weights,
        "history_path": outputs.history,
        "report_path": outputs.report,
        "seed": _seed(network, params.seed, snakemake.wildcards),
        "data_on": params.data_on,
        "xla": params.xla,
        "backup_folder": params.backup,
        "deadline": job_deadline(snakemake.resources.get("runtime")),
        "code": params.code,
    }


def _seed(network: str, seed: int, wildcards) -> int:
    """Return the seed of one training; one denoiser serves all feature counts and runs."""
    known = dict(wildcards.items())
    run = [int(known[name]) for name in ("features", "run") if name in known]
    return int(rng(seed, f"train_{network}", wildcards.scale, *run).integers(2**31))
