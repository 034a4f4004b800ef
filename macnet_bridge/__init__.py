"""Connects Maccor battery cyclers, which speak MacNet, with MQTT."""

__version__ = "0.1.0"
