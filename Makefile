# The few things one does with the course. "make" alone lists them.
# WEEKS chooses lectures (make course WEEKS="1 3"), PYTHON the interpreter (PYTHON=python3.12);
# for "make test", TESTS, LECTURES and SOLUTIONS choose files (TESTS=tests/test_splits.py LECTURES=).

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
WEEKS ?=
SUBMISSIONS ?= submissions
TESTS ?=

VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/requirements.stamp
DEV_STAMP := $(VENV)/requirements-dev.stamp
SITE_STAMP := $(VENV)/requirements-site.stamp
GRADING_STAMP := $(VENV)/requirements-grading.stamp
SCALE_STAMP := $(VENV)/requirements-scale.stamp
LECTURES := $(wildcard week*/week*_lecture.ipynb)
SOLUTIONS := $(wildcard week*/week*_solution.ipynb)
CODE := $(filter-out %_exercise.ipynb,$(wildcard utils tests maintain instructor benchmarks scale \
  site week*/*.ipynb week*/*.py))  # exercises are generated

.DEFAULT_GOAL := help
.PHONY: help course lab slides present site test doctor format lint notebooks exercises grade bench canary clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

course: $(STAMP)  ## run the lectures from top to bottom; results in build/ (WEEKS="1 3")
	@"$(RUN)" -m utils course $(WEEKS)

lab: $(STAMP)  ## open the notebooks in JupyterLab
	@"$(RUN)" -m jupyterlab

slides: $(SITE_STAMP)  ## write the lectures as slides that need no network, to build/slides
	@"$(RUN)" site/slides.py

present: $(SITE_STAMP)  ## open a lecture as a slideshow whose cells run (WEEK=1)
	@"$(RUN)" -m jupyterlab --LabApp.default_url=/rise/$(wildcard week*/week$(or $(WEEK),1)_lecture.ipynb)

site: slides  ## write the course as a site that needs no network, to build/site
	"$(RUN)" -m sphinx -W --keep-going -q -c site . build/site
	@rm -rf build/site/slides && cp -r build/slides build/site/
	@echo "The site's first page: build/site/index.html"

test: $(STAMP)  ## test the code and its examples, then run every lecture and solution
	"$(RUN)" -m pytest $(TESTS)
ifneq ($(LECTURES),)
	"$(RUN)" -m pytest -p tests.lecture_times --nbval-lax --nbval-current-env \
	  --nbval-cell-timeout 600 $(LECTURES)
endif
ifneq ($(SOLUTIONS),)
	COURSE_PROGRESS=build/progress.json "$(RUN)" -m pytest --nbval-lax --nbval-current-env \
	  --nbval-cell-timeout 600 $(SOLUTIONS)
endif

doctor: $(STAMP)  ## is this computer ready for the course?
	@"$(RUN)" -m utils doctor

format: $(DEV_STAMP)  ## format and tidy code and notebooks
	"$(RUN)" -m ruff check --fix $(CODE)
	"$(RUN)" -m ruff format $(CODE)

lint: $(DEV_STAMP)  ## check format and style, changing nothing
	"$(RUN)" -m ruff format --check $(CODE)
	"$(RUN)" -m ruff check $(CODE)

notebooks: $(STAMP)  ## run the lectures in place with the sample data, to commit them (WEEKS="1 3")
	@"$(RUN)" -m utils course --in-place $(WEEKS)

exercises: $(GRADING_STAMP)  ## make the exercises from the solutions
	@"$(RUN)" -m maintain.exercises

grade: $(GRADING_STAMP)  ## grade a folder of notebooks (SUBMISSIONS=folder); first read instructor/grading.md
	@"$(RUN)" -m instructor.grade "$(SUBMISSIONS)" $(addprefix --week ,$(WEEK))

bench: $(STAMP)  ## measure the course beside the textbook recipe; hours (PARTS="reading imports")
	"$(RUN)" benchmarks/bench.py $(if $(PARTS),--parts $(PARTS))

canary:  ## try the newest TensorFlow, Keras and NumPy, in an environment of its own
	"$(PYTHON)" -m venv build/venv-canary
	sed -E -e '/^-c /d' -e 's/^(tensorflow|keras|numpy)==.*/\1/' requirements.txt > build/canary.txt
	build/venv-canary/bin/python -m pip install --quiet --upgrade -r build/canary.txt
	build/venv-canary/bin/python -m pip list | grep -E '^(tensorflow|keras|numpy) '
	build/venv-canary/bin/python -m pytest $(TESTS)

clean:  ## remove what runs have produced; data and .venv stay
	rm -rf build .pytest_cache .ruff_cache
	find utils scale benchmarks instructor maintain site tests week* -name __pycache__ -o -name .ipynb_checkpoints 2>/dev/null | xargs rm -rf

$(RUN):
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	  || { echo "The course needs Python 3.11 to 3.13 ($(PYTHON) is not). Install one, then: make PYTHON=python3.11 ..."; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) lacks its venv module. On Debian and Ubuntu: sudo apt install python3.11-venv"; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(STAMP): requirements.txt constraints.txt | $(RUN)
	"$(RUN)" -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV_STAMP): requirements-dev.txt $(STAMP)
	"$(RUN)" -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# pip brings npm, and npm the scripts that pages and slides take along.
$(SITE_STAMP): requirements-site.txt site/package-lock.json $(STAMP)
	"$(RUN)" -m pip install --quiet --disable-pip-version-check -r requirements-site.txt
	mkdir -p $(VENV)/web && cp site/package.json site/package-lock.json $(VENV)/web
	cd $(VENV)/web && "$(abspath $(VENV))/bin/npm" ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

$(GRADING_STAMP): requirements-grading.txt $(STAMP)
	"$(RUN)" -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-grading.txt
	@touch $@

$(SCALE_STAMP): requirements-scale.txt $(STAMP)
	"$(RUN)" -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-scale.txt
	@touch $@
