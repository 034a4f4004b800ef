"""`/metrics` for Prometheus: the figures of the bridge, of its cyclers and of their channels."""
