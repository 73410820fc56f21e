"""Times as people write them: ISO 8601 dates and datetimes, UTC where no offset is given."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

from engine.core.types import Nanos

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc(value: Any) -> datetime:
    """A date is its midnight. Raises ValueError for anything that is not a time."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if isinstance(value, date):
            return datetime.combine(value, time(), UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"must be a date or time such as 2024-08-08 or 2024-08-08T12:30:00Z, not {value}")


def nanos(value: datetime) -> Nanos:
    return (value - _EPOCH) // timedelta(microseconds=1) * 1000


type UtcTime = Annotated[datetime, BeforeValidator(utc)]
