"""Verify that a run, or a spec, can be resumed exactly."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.runs.directory import SPEC
from hookline.spec.training import SEVERAL
from hookline.trained.run_plugins import load_spec
from hookline.training.exactness.verification import Verification
from hookline.training.exactness.verify_spec import verify_spec


def verify(
    path: str | Path,
    *,
    steps: int | None = None,
    cuts: Sequence[int] = (),
    overrides: Iterable[str] = (),
    plugins: Iterable[object] = (),
    data: Any = None,
) -> Verification:
    """Prove that a training of a spec which is interrupted and resumed equals one that is not, to the last bit.

    The spec is trained twice in temporary directories: once without an interruption, and once with some, each time
    resumed from a checkpoint by new objects. Everything is compared: the model, the loss, the optimizer, the callbacks,
    the random number generators and the log. If something differs, both are trained again, to find the component in
    which the difference begins. The run itself is not changed.

    Callbacks that connect to a service, or write outside the directory of the run, are left out.

    Args:
        path: the directory of a run, or the path of a spec.
        steps: the number of steps to train. Default: three epochs, or 100 steps if an epoch has more than 100.
        cuts: the steps after which to interrupt the training. Default: in the middle of the first two epochs and after
            the first.
        overrides: changes of the spec, such as "data.batch_size=8".
        plugins: modules or objects with hook implementations that the run used in addition to the installed plugins.
        data: the rows, if they were passed to `hookline.train` too.

    Raises:
        HooklineError: If the spec cannot be read or trained, or if the training has no step to interrupt.

    >>> import hookline
    >>> verified = hookline.verify("specs/iris.toml", steps=4, cuts=[1, 3])
    >>> verified.is_exact, verified.steps, verified.cuts
    (True, 4, (1, 3))

    """
    loader = Loader(plugins)
    file = Path(path) / SPEC if Path(path).is_dir() else Path(path)
    document = documents.read(file, overrides=overrides, lists=SEVERAL)
    spec = load_spec(loader, document, file.parent)
    return verify_spec(spec, loader.plugins(document), steps=steps, cuts=cuts, data=data)
