"""Write the candidates of a dataset in the formats of other tools."""

from lensflow.apply.export import export_candidates
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        export_candidates(
            candidates=snakemake.input.candidates,
            index=snakemake.input.index,
            images=snakemake.input.images,
            n_cutouts=snakemake.params.n_cutouts,
            judgement=snakemake.params.judgement,
            ecsv=snakemake.output.ecsv,
            region=snakemake.output.region,
            cutouts=snakemake.output.cutouts,
        )
