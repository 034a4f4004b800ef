"""The comparison: `compare.py` for rates and latencies, `suspend_latency.py` for stops."""
