"""Say how many injected sources are found, and what purity a lens fraction then implies."""

from lensflow.apply.recovery import Ranked, measure_completeness
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        # Arcs are a list, empty where somebody judged, or where they do not help.
        measure_completeness(
            survey=Ranked(snakemake.input.survey_scores, *snakemake.input.survey_arcs),
            injected=Ranked(snakemake.input.injected_scores, *snakemake.input.injected_arcs),
            images=snakemake.input.images,
            judgement=snakemake.params.judgement,
            n_candidates=snakemake.params.n_candidates,
            lens_fractions=snakemake.params.lens_fractions,
            **dict(snakemake.output.items()),
        )
