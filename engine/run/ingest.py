"""Vendor files into a catalog: the readers, the instrument and the catalog put together."""

import errno
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from data import store
from data.clock import Clock
from data.joined import summed
from data.manifest import Ingest, Manifest, SourceFile, load
from data.readers.protocol import OnBytes, Survey
from data.recording import Origin, Written, write
from data.schema import Table
from data.source import fault
from data.spool import Spool, spooling
from data.staging import publish, staging
from engine.core.errors import DataError
from engine.core.types import Instrument
from engine.nautilus.catalog import write_instrument
from engine.run.reading import Recording, bytes_of, read
from engine.run.sources import SHARED, Sources, Terms, check_kinds, check_twins, instrument_for, sources_of

_WIDE_NS = 2_000_000_000

type Progress = Callable[[str, int, int], None]


class Ingested(msgspec.Struct, frozen=True):
    """What an ingest did. `rows` were read and kept in `rows_by_table`, which also has the quotes made of the book;
    `unchanged` says that all of it was there already."""

    instrument_id: str
    catalog: str
    rows: int
    rows_by_table: dict[str, int]
    seconds: float
    files: tuple[SourceFile, ...]
    clock: Clock | None
    start_ns: int
    end_ns: int
    warnings: tuple[str, ...]
    fingerprint: str
    unchanged: bool = False


def no_progress(_stage: str, _done: int, _total: int) -> None:
    """For those who show none."""


def ingest(  # noqa: PLR0913 - each names its own concern
    paths: Sequence[Path],
    *,
    instrument_id: str,
    catalog: Path,
    instrument_file: Path | None = None,
    exchange_info: Path | None = None,
    progress: Progress = no_progress,
    workers: int = 1,
) -> Ingested:
    """Read files of one recording of one instrument into a catalog: all of them, or nothing.

    `progress` is called with a stage ("ingest" reads, by bytes, "write" writes, by rows), what is done and what is to
    be done in all. As many as `workers` processes read files side by side where that is worth it; more than one only
    from a program whose main module may be imported. What was read
    before the process was killed is not read again. Raises DataError for input that cannot be used, a catalog that
    cannot take it, and a disk that is full.
    """
    terms = Terms(instrument_file, exchange_info)
    with _disk_errors(catalog):
        shares = {instrument_id: sources_of(paths)}
    made = next(ingests(shares, catalog, terms, progress=progress, workers=workers))
    if isinstance(made, DataError):
        raise made
    return made


def ingests(
    shares: Mapping[str, Sources], catalog: Path, terms: Terms, *, progress: Progress, workers: int
) -> Iterator[Ingested | DataError]:
    """An ingest of each contract, in order, of the files that are its share: all or nothing of each. Files of several
    are read once, where their reader can. Raises DataError for a disk that is full."""
    started = time.perf_counter()
    with _disk_errors(catalog), spooling(catalog):
        ready = {name: _prepared(name, sources, catalog, terms) for name, sources in shares.items()}
        recordings = [each for each in ready.values() if isinstance(each, Recording)]
        read_of = iter(read(recordings, _counter(progress, "ingest", bytes_of(recordings)), workers))
        reading_s = (time.perf_counter() - started) / len(shares)
        for name, each in ready.items():
            began = time.perf_counter()
            if isinstance(each, DataError):
                yield each
            elif isinstance(each, Ingest):
                yield _result(each, catalog, reading_s, unchanged=True)
            else:
                made = _written(each, shares[name], next(read_of), progress)
                took_s = reading_s + time.perf_counter() - began
                yield made if isinstance(made, DataError) else _result(made, catalog, took_s)


def _prepared(instrument_id: str, sources: Sources, catalog: Path, terms: Terms) -> Recording | Ingest | DataError:
    """What to read; the ingest that is there already."""
    try:
        check_twins(sources)
        manifest = load(catalog)
        if done := _already_there(manifest, instrument_id, set(sources.digests.values()), catalog):
            return done
        instrument = instrument_for(instrument_id, sources.surveys[0].first_ns, terms)
        check_kinds(sources)
        _check_instrument(manifest, instrument, catalog)
    except DataError as error:
        return error
    return Recording(sources.surveys, sources.kinds, sources.digests, instrument, catalog)


def _written(
    recording: Recording, sources: Sources, spools: tuple[Spool, ...] | DataError, progress: Progress
) -> Ingest | DataError:
    """What was read, in the catalog."""
    if isinstance(spools, DataError):
        return spools
    try:
        return _publish(recording, sources, spools, progress)
    except DataError as error:
        return error


def _publish(recording: Recording, sources: Sources, spools: Sequence[Spool], progress: Progress) -> Ingest:
    catalog, instrument, kinds = recording.catalog, recording.instrument, sources.kinds
    manifest = load(catalog)
    _check_instrument(manifest, instrument, catalog)
    with staging(catalog) as staged:
        _check_tables(kinds, spools)
        origins = {
            str(each.path): Origin(kinds[each.path], each.has_receive_time, each.depth) for each in sources.surveys
        }
        rows = sum(sum(spool.read.rows_of.values()) - spool.read.passed_over for spool in spools)
        written = write(spools, staged, instrument, origins, _counter(progress, "write", rows))
        warnings = [text for spool in spools for text in spool.read.warnings]
        files = tuple(
            SourceFile(path.name, kinds[path], written.rows_of.get(str(path), 0), sha)
            for path, sha in sources.digests.items()
        )
        said = summed((*_clock_warnings(sources.surveys, written.clock), *warnings, *written.warnings))
        made = _ingest_of(instrument, files, written, said)
        grown = _grown(manifest, made, instrument, catalog)
        if instrument.id not in manifest.instruments:
            write_instrument(staged, instrument)
        if load(catalog) != manifest:
            raise fault(catalog, "another ingest changed it meanwhile: run this one again")
        publish(staged, catalog, grown)
    return made


def _counter(progress: Progress, stage: str, total: int) -> OnBytes:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        progress(stage, done, total)

    return count


def _check_tables(kinds: dict[Path, str], spools: Sequence[Spool]) -> None:
    """The same of what was in them."""
    holders: dict[Table, Path] = {}
    for spool in spools:
        path = next((path for path in kinds if str(path) in spool.read.rows_of), next(iter(kinds)))
        for table in set(spool.read.tables) - SHARED:
            other = holders.setdefault(table, path)
            if kinds[other] != kinds[path]:
                raise fault(path, f"holds {table} as {other.name} does, which is {kinds[other]}: give one of them")


def _check_instrument(manifest: Manifest, instrument: Instrument, catalog: Path) -> None:
    known = manifest.instruments.get(instrument.id)
    if not known and (held := sorted(store.tables_of(catalog, instrument.id))) and not manifest.ingests:
        raise fault(catalog, f"holds {held[0]}, which no ingest of ours wrote. Use a new catalog")
    if known and known != instrument:
        odd = [f for f in Instrument.__struct_fields__ if getattr(known, f) != getattr(instrument, f)]
        detail = ", ".join(f"{f} {getattr(known, f)} there, {getattr(instrument, f)} here" for f in odd)
        raise fault(catalog, f"holds another {instrument.id}: {detail}. Use a catalog of its own", field=odd[0])


def _ingest_of(
    instrument: Instrument,
    sources: tuple[SourceFile, ...],
    written: Written,
    warnings: tuple[str, ...],
) -> Ingest:
    return Ingest(
        instrument_id=instrument.id,
        files=sources,
        tables=written.tables,
        rows=written.rows,
        start_ns=written.start_ns,
        end_ns=written.end_ns,
        clock=written.clock,
        fingerprint=written.fingerprint,
        warnings=warnings,
    )


def _already_there(manifest: Manifest, instrument_id: str, digests: set[str], catalog: Path) -> Ingest | None:
    """The ingest that had these files and perhaps more: it need not run again, unless what it made has been harmed."""
    for made in manifest.ingests:
        if made.instrument_id == instrument_id and digests <= {file.sha256 for file in made.files}:
            whole = all((catalog / path).is_file() for path in made.tables.values())
            return made if whole and not store.stray_tables(catalog, manifest) else None
    return None


def _clock_warnings(surveys: tuple[Survey, ...], clock: Clock | None) -> Iterator[str]:
    if any(not s.has_receive_time for s in surveys):
        yield "no receive time in the files: ts_init is the venue's time, so that latency must be modelled"
    if clock is None:
        return
    low, middle, added = clock.min_ns / 1e6, clock.median_ns / 1e6, clock.applied_ns / 1e6
    if clock.applied_ns:
        yield (
            f"our clock ran behind the venue's: receive minus event time is {low:.3f} ms at least and {middle:.3f} ms"
            f" in the median; {added:.3f} ms were added to every receive time"
        )
    if clock.median_ns - clock.min_ns > _WIDE_NS:
        yield f"the least latency is {(middle - low) / 1e3:.1f} s below the median: one odd time may have set the clock"


def _grown(manifest: Manifest, made: Ingest, instrument: Instrument, catalog: Path) -> Manifest:
    """The manifest with the ingest. One whose files are all among its own gives way; any other must not overlap."""
    ours, kept = {file.sha256 for file in made.files}, []
    for other in manifest.ingests:
        same = other.instrument_id == made.instrument_id
        if same and {file.sha256 for file in other.files} <= ours:
            continue
        if same and other.start_ns <= made.end_ns and made.start_ns <= other.end_ns:
            names = ", ".join(file.name for file in other.files)
            changed = sorted({f.name for f in other.files} & {f.name for f in made.files})
            hint = f" {', '.join(changed)} has changed since." if changed else ""
            reason = f"already holds {made.instrument_id} at these times, from {names}.{hint} Use a new catalog"
            raise fault(catalog, reason)
        kept.append(other)
    return Manifest(instruments={**manifest.instruments, instrument.id: instrument}, ingests=(*kept, made))


def _result(made: Ingest, catalog: Path, seconds: float, *, unchanged: bool = False) -> Ingested:
    return Ingested(
        instrument_id=made.instrument_id,
        catalog=str(catalog),
        rows=sum(file.rows for file in made.files),
        rows_by_table=made.rows,
        seconds=seconds,
        files=made.files,
        clock=made.clock,
        start_ns=made.start_ns,
        end_ns=made.end_ns,
        warnings=made.warnings,
        fingerprint=store.fingerprint(catalog, made.instrument_id),
        unchanged=unchanged,
    )


@contextmanager
def _disk_errors(catalog: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno == errno.ENOSPC or "No space left" in str(error)
        reason = "no space left on the disk" if full else (error.strerror or str(error))
        raise fault(catalog, f"cannot be written: {reason}. Nothing was changed") from error
