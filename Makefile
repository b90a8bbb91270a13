# Use `make train` and `make test`. The other targets are for contributors; see CONTRIBUTING.md.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Neighboring tests run in one process, so that what they share is made once.
PARALLEL := -n auto --dist worksteal
# Packages that `make peers` compares with.
PEERS := accelerate lightning pytorch-ignite skorch

# Bytecode has a folder of its own, so that tests see only the files that Hookline writes.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/bytecode

.PHONY: train test test-all test-traced verify check eject bench peers tune-proof onnx-alone docs constraints clean

train: .venv/installed
	$(BIN)/hookline train specs/breast_cancer.toml

test: .venv/installed-test
	$(BIN)/python -m pytest $(PARALLEL)

# The training tests once more, with every step traced that can be, by each of the two runners. Those of tracing itself
# choose what is traced.
test-traced: .venv/installed-test
	for runner in torchscript python; do \
		HOOKLINE_TEST_RUNNER=$$runner $(BIN)/python -m pytest $(PARALLEL) -m "" --ignore tests/hookline/training/tracing \
			tests/hookline/training tests/hookline_callbacks tests/hookline_stages \
			tests/product/test_equality.py tests/product/test_grid.py tests/product/test_exact_resume.py \
			|| exit 1; \
	done

test-all: .venv/installed-test
	$(BIN)/python -m pytest $(PARALLEL) -m "" --hypothesis-profile exhaustive

# Prove that a training that is interrupted anywhere is resumed exactly. Name proofs with PROOFS="matrix kill".
verify: .venv/installed-test
	cd tests/support && OMP_NUM_THREADS=1 $(CURDIR)/$(BIN)/python -m exactness $(PROOFS)

check: .venv/installed-check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	rm -rf .mypy_cache/drafts && mkdir -p .mypy_cache/drafts
	for family in callback layer loss metric optimizer; do \
	  $(BIN)/hookline new plugin my-$$family --family $$family --out .mypy_cache/drafts/$$family > .mypy_cache/drafts.log || exit 1; \
	done
	MYPYPATH=$$(echo .mypy_cache/drafts/* | tr ' ' ':') $(BIN)/mypy --num-workers auto framework plugins .mypy_cache/drafts/*/hookline_*.py

# Write each shipped spec, and a spec for each option of data, as a script, run both, and compare losses and weights. The
# scripts must pass ruff, too. Then do the same for each loss with each optimizer, and for options of the run and callbacks.
eject: .venv/installed-check
	PYTHONPATH=tests/support $(BIN)/python tests/product/test_eject.py
	PYTHONPATH=tests/support $(BIN)/python tests/product/test_eject_data.py
	$(BIN)/python -m pytest $(PARALLEL) -m "" tests/product/test_eject_grid.py tests/product/test_eject_options.py

bench: .venv/installed-test
	$(BIN)/python benchmarks/step.py
	$(BIN)/python benchmarks/tracing.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/whole_process.py
	$(BIN)/python benchmarks/callbacks.py
	$(BIN)/python benchmarks/checkpoints.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/predict.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/deploy.py
	$(BIN)/python benchmarks/streaming.py
	$(BIN)/python benchmarks/tune.py
	$(BIN)/python benchmarks/tune_workers.py
	$(BIN)/python benchmarks/serve.py
	$(BIN)/python benchmarks/vectorize.py
	$(MAKE) peers

# Compare whole trainings with other packages, which are installed in an environment of their own that also has what .venv has.
peers: .venv/peers/installed
	.venv/peers/bin/python benchmarks/peers.py $(WORKS)

# Prove that a search has the trials of a loop written by hand with Optuna, value by value. Name specs with SPECS="digits".
tune-proof: .venv/installed-test
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/tune_proof.py $(SPECS)

# Predict with the ONNX models of all specs in a new environment that has only onnxruntime and NumPy.
onnx-alone: .venv/installed-test
	$(BIN)/python benchmarks/onnx_alone.py

docs: .venv/installed
	$(BIN)/python docs/make_reference.py

# Update constraints.txt to the newest versions, except for torch. Run `make test` afterwards.
constraints:
	rm -rf .venv/renewed && $(PYTHON) -m venv .venv/renewed
	grep '^torch==' constraints.txt > .venv/torch.txt
	.venv/renewed/bin/python -m pip install --quiet --disable-pip-version-check --constraint .venv/torch.txt .[test,check] $(PEERS)
	sed -n '/^#/p' constraints.txt > .venv/constraints.txt
	.venv/renewed/bin/python -m pip freeze --exclude hookline --exclude pip --exclude setuptools >> .venv/constraints.txt
	mv .venv/constraints.txt constraints.txt

clean:
	rm -rf .venv

# The pip of Python 3.11 takes twice as long to resolve the packages.
.venv/bin/python:
	$(PYTHON) -m venv .venv
	$@ -m pip install --quiet --disable-pip-version-check --upgrade pip

# One call of pip installs everything for a target and for those before it.
.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable .
	touch $@

.venv/installed-test: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable .[test]
	touch .venv/installed $@

.venv/installed-check: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable .[test,check]
	touch .venv/installed .venv/installed-test $@

.venv/peers/installed: .venv/installed-test
	$(BIN)/python -m venv .venv/peers
	echo "import site; site.addsitedir('$(CURDIR)/$$(echo .venv/lib/python*/site-packages)')" \
		> $$(echo .venv/peers/lib/python*/site-packages)/packages_of_hookline.pth
	.venv/peers/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt $(PEERS)
	touch $@
