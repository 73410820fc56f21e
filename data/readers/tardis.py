"""Tardis.dev CSV: incremental_book_L2, trades and derivative_ticker. Times are integer microseconds.

A message is the rows that follow one another with the same times and snapshot mark. When is_snapshot turns true the book starts
anew. Files may hold several symbols; only the instrument's is kept. Source: Tardis's documentation of its CSV files.
"""

BOOK = ("exchange", "symbol", "timestamp", "local_timestamp", "is_snapshot", "side", "price", "amount")
TRADES = ("exchange", "symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount")
TICKER = (
    "exchange",
    "symbol",
    "timestamp",
    "local_timestamp",
    "funding_timestamp",
    "funding_rate",
    "predicted_funding_rate",
    "open_interest",
    "last_price",
    "index_price",
    "mark_price",
)
