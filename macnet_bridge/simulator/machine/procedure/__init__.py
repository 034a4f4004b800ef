"""Test procedures: read from Maccor's files into rows. Bytes and values only."""
