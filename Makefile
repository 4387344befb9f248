# lensflow: `make run` runs the configured experiments, `make test` tests everything.
# Each makes its own environment in .venv first, from the lock file.
#   make run EXPERIMENTS="demo real" CORES=8
#   make run VERBOSE=1    prints everything that Snakemake and the stages say

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
CORES ?= all
EXPERIMENTS ?=
BENCH ?=
CHECK ?=
OTHER_TESTS := tests/unit tests/browser
# In a process of their own, in which they run stages: after thousands of others TensorFlow crashed once.
RELIABILITY_TESTS := tests/reliability
WORKFLOW_TESTS := tests/workflow
SLURM_TESTS := tests/slurm
PYTEST := .venv/bin/python -m pytest --durations=15 --durations-min=10
VERBOSE ?=
export VERBOSE
CONFIG := $(if $(EXPERIMENTS),--config run='[$(shell echo $(EXPERIMENTS) | tr ' ' ',')]')
SLURM_PROFILE ?= slurm
BIN := .venv/bin
# A GPU is checked with what is there: the machine may have no network to make .venv from.
GPU_PYTHON ?= $(firstword $(wildcard $(BIN)/python) $(PYTHON))
# GPU stages run one after the other on a GPU; where there is none, on every core.
GPUS := $(shell { nvidia-smi --list-gpus 2>/dev/null || true; } | wc -l)
GPU_JOBS ?= $(if $(filter 0,$(GPUS)),$(shell nproc 2>/dev/null || echo 1),1)
SNAKEMAKE := $(BIN)/snakemake
HERE := LENSFLOW_EXECUTOR=local $(SNAKEMAKE) --workflow-profile default --cores $(CORES) --resources gpu=$(GPU_JOBS)

.PHONY: help run published test lint bench gpu-check slurm slurm-test environment

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

environment: .venv/lensflow-installed  ## make .venv from envs/requirements.lock

.venv/lensflow-installed: envs/requirements.lock
	@envs/make_environment.sh $(PYTHON) $<

run: environment  ## the whole workflow on this machine, ending with results/report.html
	$(HERE) $(CONFIG)

slurm: environment  ## the same on a SLURM cluster, started on a login node; SLURM_PROFILE=... for a profile of your own
	LENSFLOW_EXECUTOR=slurm $(SNAKEMAKE) --workflow-profile $(SLURM_PROFILE) $(CONFIG)

slurm-test: environment  ## the tests on a private SLURM alone; needs root and the SLURM daemons
	$(PYTEST) $(SLURM_TESTS)

published: environment  ## the paper's figures and tables on simulated images, into results/published (about an hour)
	$(HERE) \
	  --config run='[small_paper,small_honest,small_challenge]' -- results/report.html publish_results

bench: environment  ## speed and memory, into results/benchmarks.json; BENCH="--long", "--gpu", or names of benchmarks
	$(BIN)/python tests/benchmarks/run.py $(BENCH)

gpu-check:  ## all that is to be known of a GPU, in 20 minutes, without network; CHECK="--scale 0.002 --minutes 5" for a dry run
	$(GPU_PYTHON) tests/benchmarks/gpu_check.py $(CHECK)

# Three side by side: what runs the workflow; SLURM's, which mostly wait; the others. The first is seen as
# it goes, the rest is printed when it has ended.
test: environment lint  ## linting, unit, workflow, SLURM, browser and reliability tests
	@logs=$$(mktemp -d); failed=0; \
	$(PYTEST) $(SLURM_TESTS) >$$logs/slurm 2>&1 & slurm=$$!; \
	{ other=0; $(PYTEST) $(OTHER_TESTS) || other=$$?; $(PYTEST) $(RELIABILITY_TESTS) && exit $$other; } >$$logs/other 2>&1 & others=$$!; \
	$(PYTEST) $(WORKFLOW_TESTS) || failed=1; \
	wait $$others || failed=1; wait $$slurm || failed=1; cat $$logs/other $$logs/slurm; rm -rf $$logs; exit $$failed

lint: environment  ## ruff, snakefmt, snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(SNAKEMAKE) --lint
