"""Put lensed sources into images of a dataset."""

from lensflow.apply.injection import inject_sources
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        inject_sources(
            index=snakemake.input.index,
            images=snakemake.input.images,
            output=snakemake.output.images,
            name=snakemake.params.name,
            shard=int(snakemake.wildcards.shard),
            settings=snakemake.params.settings,
            seed=snakemake.params.seed,
            known_lenses=next(iter(snakemake.input.known_lenses), None),
            match_radius=snakemake.params.match_radius,
        )
