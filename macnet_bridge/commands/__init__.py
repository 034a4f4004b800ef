"""Commands: from a message on a topic to its one final acknowledgement."""
