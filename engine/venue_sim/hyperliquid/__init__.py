"""Hyperliquid's protocol for perpetuals: other words for the same exchange, and a wallet's signature on each request."""
