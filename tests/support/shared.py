"""Where the recorded material lies that a developer has and a user's clone has not."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
TAPES = SHARED / "tapes"
ORACLE = SHARED / "oracle" / "cases"
STYLISED_FACTS = SHARED / "docs" / "STYLISED_FACTS.json"

needs_tapes = pytest.mark.skipif(not TAPES.is_dir(), reason="no real tapes beside the project (../shared/tapes)")
needs_oracle = pytest.mark.skipif(not ORACLE.is_dir(), reason="no recorded cases beside the project (../shared/oracle)")
needs_facts = pytest.mark.skipif(
    not STYLISED_FACTS.is_file(), reason="no stylised facts beside the project (../shared/docs)"
)
