"""Every reader there is. A new vendor is a file in data/readers and a line here."""

from data.readers import binance, tardis
from data.readers.protocol import Reader

READERS: tuple[Reader, ...] = (
    binance.READER,
    *tardis.READERS,
)
