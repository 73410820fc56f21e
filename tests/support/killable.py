"""A process to kill: `python -m tests.support.killable FOLDER STORY`. It hears events on standard input, journals them
durably, and answers with commands, a line each, and a dot. `?` asks for its depth queries, `end` seals the run."""

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from engine.core.session import Session
from engine.journal.entry import Kind, decode, encode
from engine.journal.folder import lock_for_writing
from engine.journal.manifest import MANIFEST_FILE, RunFile, Status, manifest_hash, write_run_file
from engine.journal.writer import JournalWriter
from engine.run.recover import resumed, snapshotting
from engine.run.scenario import UNLIMITED
from tests.support.stories import a_story, manifest_of, parts

EVERY = 100  # entries a snapshot


def main(folder: Path, story: str) -> None:
    version, seed, length = story.split("-")
    policy = parts(a_story(int(seed), int(length), version))[1]  # type: ignore[arg-type]
    if (folder / MANIFEST_FILE).is_file():
        writer, found = resumed(folder)
        known = {"events": found.events, "commands": found.tail.counts[Kind.COMMAND]}
        state, in_doubt = found.state, found.in_doubt
    else:
        writer, known, state, in_doubt = _begun(folder, policy), {"events": 0, "commands": 0}, None, ()
    session: Session[Any] = Session(
        policy, UNLIMITED, snapshotting(writer, lambda: session.state, EVERY), lambda command: _say(encode(command))
    )
    session.state = state
    _say(msgspec.json.encode({"run": writer.run, **known, "in_doubt": [encode(each).decode() for each in in_doubt]}))
    for raw in sys.stdin.buffer:
        word = raw[:-1]
        if word == b"?":
            queries = policy.depth_queries(session.state) if session.state else ()
            _say(msgspec.json.encode([(int(side), Decimal(size)) for side, size in queries]))
        elif word == b"end":
            writer.seal(Status.ENDED)
            _say(b"sealed")
        else:
            session.feed(decode(word))  # type: ignore[arg-type]  # it is told nothing else
            _say(b".")


def _begun(folder: Path, policy: Any) -> JournalWriter:
    """In a folder of a given name, so that the next process finds it."""
    folder.mkdir(exist_ok=True)
    manifest = manifest_of(policy)
    run_file = RunFile(run_id=folder.name, run=manifest_hash(manifest), manifest=manifest)
    lock = lock_for_writing(folder)
    (folder / "journal.sqlite").unlink(missing_ok=True)
    writer = JournalWriter(folder, run_file, lock, durable=True)
    write_run_file(folder, run_file)
    return writer


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
