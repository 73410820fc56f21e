"""OKX's v5 protocol for linear swaps: other words for the same exchange."""
