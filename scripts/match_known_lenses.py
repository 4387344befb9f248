"""Say where the known lenses of a dataset are ranked."""

from lensflow.apply.matching import match_known_lenses
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        match_known_lenses(
            scores=snakemake.input.scores,
            index=snakemake.input.index,
            known_lenses=snakemake.input.known_lenses[0],
            match_radius=snakemake.params.match_radius,
            judgement=snakemake.params.judgement,
            n_candidates=snakemake.params.n_candidates,
            matches=snakemake.output.matches,
            table=snakemake.output.completeness,
            # A list, empty where somebody judged, or where they do not help.
            arcs=next(iter(snakemake.input.arcs), None),
        )
