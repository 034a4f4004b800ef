"""How long a test waits for a fact that will come: long enough for a slow machine that is busy and stalls."""

PATIENCE_S = 60.0
