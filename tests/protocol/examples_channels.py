"""The manual's printed examples of MacNet classes 3 and 4."""

from __future__ import annotations

from tests.protocol.example import Example

EXAMPLES = (
    # pages 21 and 21
    Example(
        3,
        1,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 3, "FNum": 1, "Chan": 0}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 3, "FNum": 1, "Chan": 0, "TickSpeed": '
            '0.00499999988824129, "Vmax": 10, "Vmin": 0, "VSafeMax": 10, "VSafeMin": 0, "IR4Chg": 5, '
            '"IR3Chg": 0.150000005960464, "IR2Chg": 0.00499999988824129, "IR1Chg": '
            '0.000150000007124618, "IR4Dis": 5, "IR3Dis": 0.150000005960464, "IR2Dis": '
            '0.00499999988824129, "IR1Dis": 0.000150000007124618, "ISafeChg": 5, "ISafeDis": 5, '
            '"PBatSafeChg": 50, "PBatSafeDis": 50, "PChanSafeChg": 0, "PChanSafeDis": 0, "PSVChg": 0, '
            '"PSVDis": 0}, "id": 1987}'
        ),
    ),
    # pages 23 and 23
    Example(
        3,
        2,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 3, "FNum": 2, "Chan": 0}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 3, "FNum": 2, "Chan": 0, "VChg": '
            '"1970-01-01T00:00:00", "VDis": "1970-01-01T00:00:00", "IChgR4": "1970-01-01T00:00:00", '
            '"IDisR4": "1970-01-01T00:00:00", "IChgR3": "1970-01-01T00:00:00", "IDisR3": '
            '"1970-01-01T00:00:00", "IChgR2": "1970-01-01T00:00:00", "IDisR2": "1970-01-01T00:00:00", '
            '"IChgR1": "1970-01-01T00:00:00", "IDisR1": "1970-01-01T00:00:00"}, "id": 1987}'
        ),
    ),
    # pages 26 and 26
    Example(
        4,
        1,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 1, "Chan": 4, '
            '"Len": 2}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 1, "Chan": 4, "Len": 2, "Status": '
            '[{"RF1": 0, "RF2": 0, "Stat": 0}, {"RF1": 0, "RF2": 0, "Stat": 0}]}, "id": 1987}'
        ),
    ),
    # pages 27 and 27
    Example(
        4,
        2,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 2, "Chan": 0, '
            '"Len": 8}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 2, "Chan": 0, "Len": 8, "Voltage": '
            "[0.539101243019104, 0, 0.000152590218931437, 0.00640878919512033, 0.378957808017731, "
            '-1.81513690948486, -1.60807204246521, -0.922407865524292]}, "id": 1987}'
        ),
    ),
    # pages 28 and 29
    Example(
        4,
        3,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 3, "Chan": 0, '
            '"Len": 8}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 3, "Chan": 0, "Len": 8, "Current": '
            '[0, 0, 0, 0, 0, 0, 0, 0]}, "id": 1987}'
        ),
    ),
    # pages 30 and 30
    Example(
        4,
        4,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 4, "Chan": 1}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 4, "Chan": 1, "Len": 8, "AuxValues": '
            "[69.4158401489258, -0.10656064003706, -0.0839281156659126, -0.0514887496829033, "
            "-0.0841225311160088, -0.0735516026616096, -0.0876320600509644, -0.08390723913908]}, "
            '"id": 1987}'
        ),
    ),
    # pages 31 and 31
    Example(
        4,
        5,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 5, "Chan": 1}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 5, "Chan": 1, "Len": 8, "AuxUnit": '
            '["C", "V", "V", "V", "V", "V", "V", "V"]}, "id": 1987}'
        ),
    ),
    # pages 32 and 32
    Example(
        4,
        6,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 6, "Chan": 3}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 6, "Chan": 3, "TestName": "Arbitrary '
            'file name 2016-11-10 10-07-05_126", "ProcName": "Send email"}, "id": 1987}'
        ),
    ),
    # pages 34 and 34
    Example(
        4,
        7,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 7, "Chan": 3}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 7, "Chan": 3, "RF1": 31, "RF2": 193, '
            '"Stat": 4, "LastRecNum": 18, "Cycle": 0, "Step": 2, "TestTime": 15, "StepTime": 10, '
            '"Capacity": 0, "Energy": 0, "Current": 0, "Voltage": 0.0062561989761889, "TesterTime": '
            '"2016-11-14T09:24:08"}, "id": 1987}'
        ),
    ),
    # pages 35 and 35; prints Chan twice
    Example(
        4,
        8,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 8, "Chan": 3}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 8, "Chan": 3, "Chan": 3, "GlobFlags": '
            '"0x00000020", "VARs": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}, "id": 1987}'
        ),
    ),
    # pages 36 and 36
    Example(
        4,
        9,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 9, "Chan": 0, '
            '"Len": 8}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 9, "Chan": 0, "Len": 8, "TestTimes": '
            '[0, 0, 0, 15, 0, 0, 0, 0]}, "id": 1987}'
        ),
    ),
    # pages 37 and 38
    Example(
        4,
        10,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 10, "Chan": 3}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 10, "Chan": 3, "NumOfEnds": 2, '
            '"EndNum": 1}, "id": 1987}'
        ),
    ),
)
