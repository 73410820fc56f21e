"""Whether a journal is what was written: the chain of hashes, the gaps, the seal, the log beside the file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from engine.core.errors import JournalError
from engine.journal.ahead import AHEAD_FILES, Line, after_a_gap, contents_ahead, lines_ahead
from engine.journal.chain import Chain, beginning
from engine.journal.database import file_sha256
from engine.journal.folder import JOURNAL_FILE
from engine.journal.manifest import MANIFEST_FILE, Recorded, RunFile, Seal, Status, manifest_hash
from engine.journal.reader import Journal
from engine.journal.wal import wal_end

WHOLE, UNSEALED_OR_RECOVERED, DAMAGED = 0, 1, 2
_CODES = {
    Status.ENDED: WHOLE,
    Status.FAILED: WHOLE,
    Status.INTERRUPTED: WHOLE,
    Status.RUNNING: UNSEALED_OR_RECOVERED,
    Status.CRASHED: UNSEALED_OR_RECOVERED,
    Status.CRASHED_RECOVERED: UNSEALED_OR_RECOVERED,
    Status.QUARANTINED: DAMAGED,
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`damages`: the first fault of each sort. Entries 1 to `readable` are what was written; `readable_ns` is the time
    of the last of them. `torn`: a last write that never came to its end, and that nobody had acted on."""

    status: Status
    damages: tuple[str, ...]
    readable: int
    readable_ns: int | None
    torn: str | None

    @property
    def code(self) -> int:
        """0 sealed and whole, 1 whole as far as it goes, 2 damaged."""
        return DAMAGED if self.damages else _CODES[self.status]


def verdict(folder: Path, *, market: bool = True) -> Verdict:
    """Reads every entry, and (`market`) the market data that the run recorded itself. Raises JournalError if there is
    no manifest that can be read."""
    journal = Journal(folder)
    run_file = journal.run_file
    found = list(_manifest_damage(run_file))
    chain = Chain(beginning(run_file.run))
    torn: list[str | None] = []
    lines: list[Line] = []
    try:
        if run_file.seal is not None and file_sha256(folder / JOURNAL_FILE) != run_file.seal.file_sha256:
            found.append(f"{JOURNAL_FILE} is not the file that was sealed")
        if journal.status is Status.CRASHED:  # of a file that is being written one sees only a moment
            log, (lines, ahead) = wal_end(folder / f"{JOURNAL_FILE}-wal"), lines_ahead(contents_ahead(folder))
            torn = [log.torn, ahead.torn]
            found.extend(filter(None, (log.damage, ahead.damage, _page_damage(folder / JOURNAL_FILE))))
        found.extend(_faults(journal, chain))
        found.extend(_lost(lines, chain))
    except OSError as error:
        found.append(f"{JOURNAL_FILE} cannot be read: {error.strerror}")
    except (JournalError, TypeError, UnicodeDecodeError, sqlite3.Error) as error:  # a column, or a name, is another
        found.append(f"{JOURNAL_FILE}: {error}")
    if market and run_file.seal is not None and run_file.seal.market is not msgspec.UNSET:
        found.extend(_market_damage(folder, run_file.seal.market))
    return Verdict(
        status=journal.status,
        damages=tuple(found),
        readable=chain.seq,
        readable_ns=chain.last_ns,
        torn=next(filter(None, torn), None),
    )


def _manifest_damage(run_file: RunFile) -> Iterator[str]:
    if manifest_hash(run_file.manifest) != run_file.run:
        yield "the manifest is not the one that was hashed"
    elif not run_file.is_as_written:
        yield f"{MANIFEST_FILE} is not what was written"


def damages(folder: Path) -> list[str]:
    """What is wrong with a run's journal; empty if it is whole (an unsealed one: as far as it goes)."""
    return list(verdict(folder, market=False).damages)


def _market_damage(folder: Path, recorded: Recorded) -> Iterator[str]:
    for name, wanted in recorded.files.items():
        try:
            if file_sha256(folder / name) != wanted:
                yield f"{name} is not the file that was sealed"
        except OSError as error:
            yield f"{name} cannot be read: {error.strerror}"


def _faults(journal: Journal, chain: Chain) -> Iterator[str]:
    """`chain` goes as far as the entries are what was written."""
    for entry in journal.entries():
        if not chain.follows(entry):
            follows = entry.seq == chain.seq + 1
            yield f"entry {entry.seq} " + ("is not what was written" if follows else f"follows {chain.seq}")
            return
    if journal.run_file.seal is not None:
        yield from _beside(journal.run_file.seal, chain)


def _beside(seal: Seal, chain: Chain) -> Iterator[str]:
    if (chain.seq, chain.hash.hex(), chain.digest.hexdigest()) != (
        seal.high_watermark,
        seal.chain,
        seal.commands_digest,
    ):
        yield f"the journal ends at entry {chain.seq} otherwise than its seal says (entry {seal.high_watermark})"
    elif (*chain.counts.values(), chain.first_ns, chain.last_ns) != (
        seal.events,
        seal.commands,
        seal.refusals,
        seal.first_ns,
        seal.last_ns,
    ):
        yield "the seal's counts or times are not those of the journal"


def _lost(lines: list[Line], chain: Chain) -> Iterator[str]:
    later = after_a_gap(lines, chain.seq)
    if later is not None:
        yield f"{AHEAD_FILES[0]}: goes on with entry {later} after {chain.seq}"


def _page_damage(path: Path) -> str | None:
    """Entries that a broken page has swallowed leave no gap: look at the pages themselves."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        said = str(db.execute("pragma quick_check(1)").fetchone()[0])
    return None if said == "ok" else f"{path.name}: {said.splitlines()[-1]}"
