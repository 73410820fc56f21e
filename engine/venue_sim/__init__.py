"""An exchange on loopback: Binance USD-M futures' REST and WebSocket protocol over a replayed book.

It knows no strategy and reads no file: it is given contracts, accounts, an iterator of market events and a clock.
Inside, prices are whole ticks and sizes whole lots, times are integer nanoseconds of the venue's own clock; what goes
over the wire is written at the edge. See docs/venue-sim.md.
"""
