"""The result of a proof, and how its progress is shown."""

import sys
import time
from dataclasses import dataclass, field


@dataclass
class Result:
    """How many cases a proof has tried, and which of them failed."""

    name: str
    cases: int = 0
    failures: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    shown_at: float = 0.0

    def add(self, case, problem=None, **counts):
        """Count a case, which has failed if there is a problem."""
        self.cases += 1
        self.seconds = time.monotonic() - self.began
        for name, number in counts.items():
            self.counts[name] = self.counts.get(name, 0) + number
        if problem:
            self.failures.append(f"{case}: {problem}")
        if self.seconds - self.shown_at > 10 and sys.stderr.isatty():
            self.shown_at = self.seconds
            sys.stderr.write(f"\r{self}")
            sys.stderr.flush()

    def __str__(self):
        """One line."""
        more = "".join(f", {number:,} {name}" for name, number in self.counts.items())
        return f"{self.name:12} {self.cases:7,} cases{more}, {len(self.failures)} failures, {self.seconds:.0f} s"
