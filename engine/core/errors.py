"""What can go wrong, named by who must mend it: the one who gave the input, or us."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One fault in something we were given: where it is and what is wrong with it."""

    source: str  # a file, a venue, an option of the command line
    message: str
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"


class InputError(Exception):
    """Input from outside that cannot be used: every problem found, not just the first. Exit code 2."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    def __reduce__(self) -> tuple[type["InputError"], tuple[Problem, ...]]:
        """So that it comes out of another process as what it was."""
        return type(self), self.problems


class ConfigError(InputError):
    """A run file that cannot be used."""


class DataError(InputError):
    """A market data file, a catalog or an instrument that cannot be used."""


class JournalError(InputError):
    """A run's folder that cannot be read or written."""


class BrokenInvariantError(Exception):
    """Our own fault: the run stops, cancels what rests and is sealed as failed. Exit code 1."""
