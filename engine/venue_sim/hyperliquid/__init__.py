"""Hyperliquid's protocol for perpetuals: other words for the same exchange, and a wallet signs what is to be done."""
