"""Recording: what a lab publishes, once and exactly, into a file. The database itself is in `store`."""
