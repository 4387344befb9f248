"""Rank the objects of a dataset by their lens probability."""

from lensflow.apply.candidates import rank_candidates
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        rank_candidates(
            scores=snakemake.input.scores,
            index=snakemake.input.index,
            manifest=snakemake.input.manifest,
            judgement=snakemake.params.judgement,
            # A list, empty where somebody judged, or where they do not help.
            arcs=next(iter(snakemake.input.arcs), None),
            n_candidates=snakemake.params.n_candidates,
            csv=snakemake.output.csv,
            fits=snakemake.output.fits,
            dataset=snakemake.wildcards.dataset,
            grades=snakemake.input.grades,
            answers=next(iter(snakemake.input.answers), None),  # a list of one or none
            known_lenses=next(iter(snakemake.input.known_lenses), None),
            match_radius=snakemake.params.match_radius,
        )
