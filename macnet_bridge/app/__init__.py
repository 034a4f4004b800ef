"""The bridge as a program: configuration, wiring, start and stop."""
