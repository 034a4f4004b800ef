"""MacNet as bytes and values: no network, no clock, no state beyond half-received messages.

`codes` and `messages` say what there is, `functions` is the table of all of it, `framing`,
`jsonrpc` and `binary` turn it into bytes and back. Client, simulator and tests share them.
"""
