"""Bybit's v5 protocol for linear perpetuals: other words for the same exchange."""
