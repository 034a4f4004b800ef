"""The manual's printed examples of MacNet class 6."""

from __future__ import annotations

from tests.protocol.example import Example

EXAMPLES = (
    # pages 40 and 40
    Example(
        6,
        1,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 1, "Chans": [1, '
            '2, 4, 5]}, "id": 1987}'
        ),
        reply=('{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 1, "Result": "OK"}, "id": 1987}'),
    ),
    # pages 42 and 43
    Example(
        6,
        2,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 2, "Chan": 3, '
            '"TestName": "Random", "ProcName": "Procedure Name", "Comment": "Test comment", "Crate": '
            '1, "ChamberNum": 0, "StartCycle": 0, "TotCycles": 0, "Mass": 1, "VGain": 0, '
            '"AbsTRepAlign": 0, "ParallelR": 0, "VDivHiR": 0, "VDivLoR": 0, "CANpos": -1, "CANprof": '
            '"", "RegimeName": ""}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 2, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 43 and 43
    Example(
        6,
        3,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 3, "Chan": 3}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 3, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 44 and 44
    Example(
        6,
        4,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 4, "Chan": 3}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 4, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 45 and 45
    Example(
        6,
        5,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 5, "Chan": 3}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 5, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 46 and 46
    Example(
        6,
        6,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 6, "Chan": 3}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 6, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 47 and 48
    Example(
        6,
        7,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 7, "Chan": 3, '
            '"TestName": "Random", "Current": 0, "Voltage": 20, "Power": 50, "Resistance": 0, '
            '"CurrentRange": 4, "ChMode": "C", "DataTime": 1.0, "DataV": 0, "DataI": 0}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 7, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 49 and 49
    Example(
        6,
        8,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 8, "Chan": 3, '
            '"Current": 0.1, "Voltage": 20, "Power": 50, "Resistance": 0, "CurrentRange": 4, '
            '"ChMode": "C"}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 8, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 50 and 50; a comma was missing
    Example(
        6,
        9,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 9, "Chan": 3, '
            '"VarNum": 3, "Value": -1.25}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 9, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 50 and 51; a comma was missing
    Example(
        6,
        10,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 10, "Chan": 3, '
            '"VSafeMax": 5.0, "VSafeMin": 0.1, "ISafeChg": 4.3, "ISafeDis": 2.5, "PBatSafeChg": 0, '
            '"PBatSafeDis": 0}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 10, "Chan": 3, "VSafeMax": 5, '
            '"VSafeMin": 0.100000001490116, "ISafeChg": 4.30000019073486, "ISafeDis": 2.5, '
            '"PBatSafeChg": 0, "PBatSafeDis": 0}, "id": 1987}'
        ),
    ),
    # pages 52 and 52
    Example(
        6,
        11,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 11, "Chan": 3, '
            '"TestName": "Random", "ProcName": "Procedure Name", "Comment": "Test comment", "Crate": '
            '1, "ChamberNum": 0}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 11, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 54 and 54
    Example(
        6,
        13,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 13, "Chan": 3, '
            '"TestName": "Random", "ProcName": "Procedure Name", "Comment": "Test comment", "Crate": '
            '1, "ChamberNum": 0, "Options": 0, "ArchivedTestName": "Archived File.003", '
            '"RemoveLastDataRecords": 0, "TestTime": 0, "StepTime": 0, "TestStep": 1, "Cycle": 0, '
            '"RemainingLoop1": 0, "RemainingLoop2": 0, "RemainingLoop3": 0, "RemainingLoop4": 0, '
            '"Capacity": 0, "Energy": 0}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 13, "Chan": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
)
