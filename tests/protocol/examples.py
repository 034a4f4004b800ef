"""The manual's JSON examples for the functions of the table.

Source: Maccor's manual "Remote Control - MacNet - LabView", printed 2022-05-18, at the page
beside each message. Commas that the print lacks in the requests of (6, 9) and (6, 10) are put in.
"""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """A request and its reply, as printed."""

    fclass: int
    fnum: int
    request: str
    reply: str


EXAMPLES = (
    # pages 10 and 10
    Example(
        0,
        0,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 0, "FNum": 0}, "id": 1987}',
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 0, "FNum": 0}, "id": 1987}',
    ),
    # pages 11 and 11
    Example(
        1,
        1,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 1, "FNum": 1}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 1, "FNum": 1, "APIVersion": 1, '
        '"MacTest32EXEversionMajor": 3, "MacTest32EXEversionMinor": 2, '
        '"MacTest32EXEversionBuild": 18, "MacTest32DLLversionMajor": 3, '
        '"MacTest32DLLversionMinor": 2, "MacTest32DLLversionBuild": 18, "MacTest32ExeDT": '
        '"2016-11-08T15:02:58", "MacTest32DLLDT": "2016-11-13T11:29:48"}, "id": 1987}',
    ),
    # pages 12 and 12
    Example(
        1,
        2,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 1, "FNum": 2}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 1, "FNum": 2, "SystemID": "Win10", "SystemType": '
        '0, "ControllerBoards": 3, "TestChannels": 12, "AuxBoards": 1, "AuxChannels": 128, '
        '"SMB1Pos": 0, "SMB3Pos": 1}, "id": 1987}',
    ),
    # pages 21 and 21
    Example(
        3,
        1,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 3, "FNum": 1, "Chan": 0}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 3, "FNum": 1, "Chan": 0, "TickSpeed": '
        '0.00499999988824129, "Vmax": 10, "Vmin": 0, "VSafeMax": 10, "VSafeMin": 0, "IR4Chg": 5, '
        '"IR3Chg": 0.150000005960464, "IR2Chg": 0.00499999988824129, "IR1Chg": '
        '0.000150000007124618, "IR4Dis": 5, "IR3Dis": 0.150000005960464, "IR2Dis": '
        '0.00499999988824129, "IR1Dis": 0.000150000007124618, "ISafeChg": 5, "ISafeDis": 5, '
        '"PBatSafeChg": 50, "PBatSafeDis": 50, "PChanSafeChg": 0, "PChanSafeDis": 0, "PSVChg": 0, '
        '"PSVDis": 0}, "id": 1987}',
    ),
    # pages 26 and 26
    Example(
        4,
        1,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 1, "Chan": 4, '
        '"Len": 2}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 1, "Chan": 4, "Len": 2, "Status": '
        '[{"RF1": 0, "RF2": 0, "Stat": 0}, {"RF1": 0, "RF2": 0, "Stat": 0}]}, "id": 1987}',
    ),
    # pages 27 and 27
    Example(
        4,
        2,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 2, "Chan": 0, '
        '"Len": 8}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 2, "Chan": 0, "Len": 8, "Voltage": '
        "[0.539101243019104, 0, 0.000152590218931437, 0.00640878919512033, 0.378957808017731, "
        '-1.81513690948486, -1.60807204246521, -0.922407865524292]}, "id": 1987}',
    ),
    # pages 28 and 29
    Example(
        4,
        3,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 3, "Chan": 0, '
        '"Len": 8}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 3, "Chan": 0, "Len": 8, "Current": '
        '[0, 0, 0, 0, 0, 0, 0, 0]}, "id": 1987}',
    ),
    # pages 30 and 30
    Example(
        4,
        4,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 4, "Chan": 1}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 4, "Chan": 1, "Len": 8, "AuxValues": '
        "[69.4158401489258, -0.10656064003706, -0.0839281156659126, -0.0514887496829033, "
        "-0.0841225311160088, -0.0735516026616096, -0.0876320600509644, -0.08390723913908]}, "
        '"id": 1987}',
    ),
    # pages 31 and 31
    Example(
        4,
        5,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 5, "Chan": 1}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 5, "Chan": 1, "Len": 8, "AuxUnit": '
        '["C", "V", "V", "V", "V", "V", "V", "V"]}, "id": 1987}',
    ),
    # pages 32 and 32
    Example(
        4,
        6,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 6, "Chan": 3}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 6, "Chan": 3, "TestName": "Arbitrary '
        'file name 2016-11-10 10-07-05_126", "ProcName": "Send email"}, "id": 1987}',
    ),
    # pages 34 and 34
    Example(
        4,
        7,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 7, "Chan": 3}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 7, "Chan": 3, "RF1": 31, "RF2": 193, '
        '"Stat": 4, "LastRecNum": 18, "Cycle": 0, "Step": 2, "TestTime": 15, "StepTime": 10, '
        '"Capacity": 0, "Energy": 0, "Current": 0, "Voltage": 0.0062561989761889, "TesterTime": '
        '"2016-11-14T09:24:08"}, "id": 1987}',
    ),
    # pages 35 and 35; prints Chan twice
    Example(
        4,
        8,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 8, "Chan": 3}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 8, "Chan": 3, "Chan": 3, "GlobFlags": '
        '"0x00000020", "VARs": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}, "id": 1987}',
    ),
    # pages 36 and 36
    Example(
        4,
        9,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 4, "FNum": 9, "Chan": 0, '
        '"Len": 8}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 4, "FNum": 9, "Chan": 0, "Len": 8, "TestTimes": '
        '[0, 0, 0, 15, 0, 0, 0, 0]}, "id": 1987}',
    ),
    # pages 42 and 43
    Example(
        6,
        2,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 2, "Chan": 3, '
        '"TestName": "Random", "ProcName": "Procedure Name", "Comment": "Test comment", "Crate": '
        '1, "ChamberNum": 0, "StartCycle": 0, "TotCycles": 0, "Mass": 1, "VGain": 0, '
        '"AbsTRepAlign": 0, "ParallelR": 0, "VDivHiR": 0, "VDivLoR": 0, "CANpos": -1, "CANprof": '
        '"", "RegimeName": ""}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 2, "Chan": 3, "Result": "OK"}, "id": 1987}',
    ),
    # pages 43 and 43
    Example(
        6,
        3,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 3, "Chan": 3}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 3, "Chan": 3, "Result": "OK"}, "id": 1987}',
    ),
    # pages 44 and 44
    Example(
        6,
        4,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 4, "Chan": 3}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 4, "Chan": 3, "Result": "OK"}, "id": 1987}',
    ),
    # pages 45 and 45
    Example(
        6,
        5,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 5, "Chan": 3}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 5, "Chan": 3, "Result": "OK"}, "id": 1987}',
    ),
    # pages 47 and 48
    Example(
        6,
        7,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 7, "Chan": 3, '
        '"TestName": "Random", "Current": 0, "Voltage": 20, "Power": 50, "Resistance": 0, '
        '"CurrentRange": 4, "ChMode": "C", "DataTime": 1.0, "DataV": 0, "DataI": 0}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 7, "Chan": 3, "Result": "OK"}, "id": 1987}',
    ),
    # pages 49 and 49
    Example(
        6,
        8,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 8, "Chan": 3, '
        '"Current": 0.1, "Voltage": 20, "Power": 50, "Resistance": 0, "CurrentRange": 4, '
        '"ChMode": "C"}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 8, "Chan": 3, "Result": "OK"}, "id": 1987}',
    ),
    # pages 50 and 50
    Example(
        6,
        9,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 9, "Chan": 3, '
        '"VarNum": 3, "Value": -1.25}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 9, "Chan": 3, "Result": "OK"}, "id": 1987}',
    ),
    # pages 50 and 51
    Example(
        6,
        10,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 10, "Chan": 3, '
        '"VSafeMax": 5.0, "VSafeMin": 0.1, "ISafeChg": 4.3, "ISafeDis": 2.5, "PBatSafeChg": 0, '
        '"PBatSafeDis": 0}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 10, "Chan": 3, "VSafeMax": 5, '
        '"VSafeMin": 0.100000001490116, "ISafeChg": 4.30000019073486, "ISafeDis": 2.5, '
        '"PBatSafeChg": 0, "PBatSafeDis": 0}, "id": 1987}',
    ),
    # pages 52 and 52
    Example(
        6,
        11,
        '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 6, "FNum": 11, "Chan": 3, '
        '"TestName": "Random", "ProcName": "Procedure Name", "Comment": "Test comment", "Crate": '
        '1, "ChamberNum": 0}, "id": 1987}',
        '{"jsonrpc": "2.0", "result": {"FClass": 6, "FNum": 11, "Chan": 3, "Result": "OK"}, "id": 1987}',
    ),
)
