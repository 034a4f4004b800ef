"""The manual's printed examples of MacNet classes 0, 1, 5 and 8."""

from __future__ import annotations

from tests.protocol.example import Example

EXAMPLES = (
    # pages 10 and 10
    Example(
        0,
        0,
        request=('{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 0, "FNum": 0}, "id": 1987}'),
        reply=('{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 0, "FNum": 0}, "id": 1987}'),
    ),
    # pages 11 and 11
    Example(
        1,
        1,
        request=('{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 1, "FNum": 1}, "id": 1987}'),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 1, "FNum": 1, "APIVersion": 1, '
            '"MacTest32EXEversionMajor": 3, "MacTest32EXEversionMinor": 2, '
            '"MacTest32EXEversionBuild": 18, "MacTest32DLLversionMajor": 3, '
            '"MacTest32DLLversionMinor": 2, "MacTest32DLLversionBuild": 18, "MacTest32ExeDT": '
            '"2016-11-08T15:02:58", "MacTest32DLLDT": "2016-11-13T11:29:48"}, "id": 1987}'
        ),
    ),
    # pages 12 and 12
    Example(
        1,
        2,
        request=('{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 1, "FNum": 2}, "id": 1987}'),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 1, "FNum": 2, "SystemID": "Win10", "SystemType": '
            '0, "ControllerBoards": 3, "TestChannels": 12, "AuxBoards": 1, "AuxChannels": 128, '
            '"SMB1Pos": 0, "SMB3Pos": 1}, "id": 1987}'
        ),
    ),
    # pages 13 and 13
    Example(
        1,
        3,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 1, "FNum": 3, "ProcName": '
            '"Procedure Name"}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 1, "FNum": 3, "ProcedurExists": "TRUE"}, "id": 1987}'
        ),
    ),
    # pages 14 and 14
    Example(
        1,
        4,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 1, "FNum": 4, "TestName": '
            '"Test Name"}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 1, "FNum": 4, "TestNameExists": "TRUE"}, "id": 1987}'
        ),
    ),
    # pages 16 and 16; Command 0
    Example(
        1,
        5,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 1, "FNum": 5, "FileType": 2, '
            '"Command": 0}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 1, "FNum": 5, "FileType": 2, "Command": 0, '
            '"NumberOfFiles": 282}, "id": 1987}'
        ),
    ),
    # pages 16 and 16; Command 1
    Example(
        1,
        5,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 1, "FNum": 5, "FileType": 2, '
            '"Command": 1}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 1, "FNum": 5, "FileType": 2, "Command": 1, '
            '"NumberOfFiles": 282, "Index": 9, "FileDate": "2016-08-16T11:43:03", "Size": 17157, '
            '"FileName": "4259-85-2853_001.005"}, "id": 1987}'
        ),
    ),
    # pages 39 and 39
    Example(
        5,
        1,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 5, "FNum": 1, "GlobFlags": '
            '"0x00000001"}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 5, "FNum": 1, "New GlobFlags": "0x00000001"}, '
            '"id": 1987}'
        ),
    ),
    # pages 93 and 93
    Example(
        8,
        1,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 8, "FNum": 1, "UserID": '
            '"Robin Hood", "Password": "xxxxyyyy"}, "id": 1987}'
        ),
        reply=('{"jsonrpc": "2.0", "result": {"FClass": 8, "FNum": 1, "Result": "PASSED"}, "id": 1987}'),
    ),
    # pages 94 and 94
    Example(
        8,
        2,
        request=('{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 8, "FNum": 2}, "id": 1987}'),
        reply=('{"jsonrpc": "2.0", "result": {"FClass": 8, "FNum": 2, "Result": "LOGGED OUT"}, "id": 1987}'),
    ),
)
