"""Specs that would do harm if anything in them were executed. This script inspects them under an audit hook.

The arguments are a good spec, its data, and a number. Each string of the spec is replaced by each hostile one (by every
n-th pair of these for a number n), the commands that look at specs are run, and what they did is printed as JSON.
"""

import json
import os
import sys
from pathlib import Path

from hookline.check.toml.document import read
from hookline.cli.main import main
from hookline.spec.dump import as_toml, key_as_toml

MARK = "hostile"
HOSTILE = [
    "os.system",
    "hostile.module",
    "hostile:object",
    "__class__",
    "__import__('hostile')",
    "{0.__class__.__mro__}",
    "%(hostile)s",
    "${HOSTILE}",
    "$(touch hostile)",
    "`touch hostile`; rm -rf hostile",
    "http://hostile.example/x",
    "file:///hostile",
    "//hostile/share",
    "../../../../hostile",
    "/hostile/etc/passwd",
    "hostile\x00.csv",
    "!!python/object",
    "|touch hostile",
    "hostile.py",
    "~/hostile",
    "torch.nn.Linear",
    "*" * 200 + "hostile",
    "",
]
KEYS = ["__class__", "__init__", "_target_", "hostile.path", "../hostile", "__attrs_attrs__", "extends"]
EXTENDED = [
    *HOSTILE,
    "spec.toml",
    "below/loop",
    "below/diamond_0.toml",
    "below/chain_0.toml",
    ["good.toml"] * 5000,
    ["good.toml", "hostile"],
    "/dev/zero",
    "a" * 5000,
    [["hostile"]],
    {"hostile": "hostile.py"},
]
"""What a spec says that it extends."""
SECTIONS = [(), ("run",), ("data",), ("model",), ("optimizer",)]
HARMFUL = (
    "ctypes.",
    "ftplib.",
    "http.",
    "os.chmod",
    "os.exec",
    "os.fork",
    "os.link",
    "os.mkdir",
    "os.posix_spawn",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.system",
    "os.truncate",
    "pickle.",
    "shutil.",
    "socket.",
    "subprocess.",
    "tempfile.",
    "urllib.",
)


def strings(value, path=()):
    """The path of every string."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from strings(inner, (*path, key))
    if isinstance(value, str):
        yield path


def replaced(value, path, new):
    if not path:
        return new
    if isinstance(value, dict):
        return {key: replaced(inner, path[1:], new) if key == path[0] else inner for key, inner in value.items()}
    return [replaced(inner, path[1:], new) if index == path[0] else inner for index, inner in enumerate(value)]


def with_key(value, path, key):
    if not path:
        return {**value, key: "hostile.py"}
    return {**value, path[0]: with_key(value[path[0]], path[1:], key)}


def write(table, path="spec.toml"):
    lines = "".join(f"{key_as_toml(key)} = {as_toml(value)}\n" for key, value in table.items())
    Path(path).write_text(lines, encoding="utf-8")


def write_below():
    """Write files that extend each other: endlessly, with exponential growth, or in a long chain."""
    below = Path("below")
    below.mkdir()
    (below / "loop").symlink_to("pool")
    (below / "pool").symlink_to("loop")
    for number in range(2000):
        (below / f"chain_{number}.toml").write_text(f'extends = "chain_{number + 1}.toml"\n')
    for number in range(40):
        (below / f"diamond_{number}.toml").write_text(f"extends = {[f'diamond_{number + 1}.toml'] * 2}\n")


def give(number):
    """Check the spec, and run one of the other commands in turn."""
    others = [
        ["check", "spec.toml", "--format", "json"],
        ["explain", "spec.toml", "run.name"],
        ["show", "spec.toml"],
        ["diff", "spec.toml", "good.toml"],
    ]
    main(["check", "spec.toml"])
    main(others[number % len(others)])


class Watch:
    """Records forbidden side effects while it is active."""

    def __init__(self):
        self.is_watching, self.events = False, []
        sys.addaudithook(self.look)

    def look(self, event, arguments):
        if self.is_watching and self.is_harmful(event, arguments):
            self.events.append([event, repr(arguments)[:200]])

    @staticmethod
    def is_harmful(event, arguments):
        if event == "open":
            _, mode, flags = arguments
            return bool(set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if event == "import":
            return MARK in str(arguments[0]) or str(arguments[0]).partition(".")[0] in ("torch", "numpy")
        if event in ("compile", "exec"):
            # attrs and cattrs generate classes and functions from the options of a class, never from a spec.
            source, *others = arguments
            text = f"{source!r} {others} {getattr(source, 'co_filename', '')} {getattr(source, 'co_consts', '')}"
            return MARK in text or (event == "exec" and "attrs generated" not in text and "lib/python" not in text)
        return event.startswith(HARMFUL)

    def __call__(self, function, *arguments):
        self.is_watching = True
        function(*arguments)
        self.is_watching = False


if __name__ == "__main__":
    table = read(sys.argv[1]).table
    table["data"]["path"] = sys.argv[2]
    write(table, "good.toml")
    write(table)
    write_below()
    output = sys.stdout
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - until the script ends.
    # Hookline's own imports are complete after these: some are only for problems.
    main(["schema"])
    for known in (with_key(table, ("run",), "unknown"), replaced(table, ("loss", "type"), "Unknown"), table):
        write(known)
        for number in range(4):
            give(number)
    watch = Watch()
    tables = [replaced(table, path, word) for path in strings(table) for word in HOSTILE][:: int(sys.argv[3])]
    tables += [with_key(table, section, key) for section in SECTIONS for key in KEYS]
    tables += [{"extends": extended, **table} for extended in EXTENDED]
    for number, hostile in enumerate(tables):
        write(hostile)
        watch(give, number)
    watch(main, ["schema"])  # It reads no spec.
    modules = sorted(name for name in sys.modules if MARK in name or name in ("torch", "numpy"))
    found = {
        "specs": len(tables),
        "events": watch.events,
        "files": sorted(path.name for path in Path().iterdir()),
        "modules": modules,
    }
    output.write(json.dumps(found))
