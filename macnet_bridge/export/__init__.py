"""One test of a recording as a file in the Battery Data Format. The recording itself is read by `store`."""
