"""Messages between the device and its clients: wording, waiting, faults, a log, and the sockets."""
