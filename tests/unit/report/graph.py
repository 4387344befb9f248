"""A graph of three rules, as Snakemake prints it."""

DOT = """digraph snakemake_dag {
    0[label = "all", color = "0.2 0.6 0.85", style="rounded"];
    1[label = "ingest", color = "0.2 0.6 0.85"];
    2[label = "train", color = "0.2 0.6 0.85"];
    1 -> 2
    2 -> 0
    1 -> 0
}"""
