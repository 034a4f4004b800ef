"""Telemetry: what testers say without being commanded, published as readings, sweeps and states."""
