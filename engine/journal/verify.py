"""Whether a journal is what was written: the chain of hashes, the gaps, the seal."""

from pathlib import Path

from engine.core.errors import JournalError
from engine.journal.entry import CommandsDigest, Kind, chained, genesis
from engine.journal.folder import JOURNAL_FILE
from engine.journal.manifest import manifest_hash
from engine.journal.reader import Journal
from engine.journal.writer import file_sha256


def damages(folder: Path) -> list[str]:
    """What is wrong with a run, the first fault of each sort; empty if it is whole (an unsealed one: as far as it
    goes). Raises JournalError if there is no manifest that can be read."""
    journal = Journal(folder)
    run, seal = journal.run_file.run, journal.run_file.seal
    found = [] if manifest_hash(journal.run_file.manifest) == run else ["the manifest is not the one that was hashed"]
    try:
        if seal is not None and file_sha256(folder / JOURNAL_FILE) != seal.file_sha256:
            found.append(f"{JOURNAL_FILE} is not the file that was sealed")
        found.extend(_chain_damage(journal))
    except OSError as error:
        found.append(f"{JOURNAL_FILE} cannot be read: {error.strerror}")
    except (JournalError, TypeError) as error:  # TypeError: a column came back as something else than was stored
        found.append(f"{JOURNAL_FILE}: {error}")
    return found


def _chain_damage(journal: Journal) -> list[str]:
    seal = journal.run_file.seal
    chain, seq, digest = genesis(journal.run_file.run), 0, CommandsDigest()
    for entry in journal.entries():
        if entry.seq != seq + 1:
            return [f"entry {entry.seq} follows {seq}"]
        seq, chain = entry.seq, chained(chain, entry[:-1])
        if chain != entry.hash:
            return [f"entry {seq} is not what was written"]
        if entry.kind is Kind.COMMAND:
            digest.add(entry.payload)
    if seal and (seq, chain.hex(), digest.hexdigest()) != (seal.high_watermark, seal.chain, seal.commands_digest):
        return [f"the journal ends at entry {seq} otherwise than its seal says (entry {seal.high_watermark})"]
    return []
