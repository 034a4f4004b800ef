"""The manual's printed examples of MacNet class 7."""

from __future__ import annotations

from tests.protocol.example import Example

EXAMPLES = (
    # pages 56 and 56
    Example(
        7,
        1,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 1, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 1, "Chan": 9, "SBbrd": 0, "SBPos": 9, '
            '"SBType": 3, "ServerVersionMajor": 2, "ServerVersionMinor": 1, "ClientVersionMajor": 2, '
            '"ClientVersionMinor": 7, "DLLVersionMajor": 0, "DLLVersionMinor": 0, "DLLCompileNum": 0, '
            '"SecsLastRead": 0.031, "SecsLastHeader": 6.703, "Status": "Reading", "BusVolt": 3.299, '
            '"Temperature": -48.4}, "id": 1987}'
        ),
    ),
    # pages 57 and 57
    Example(
        7,
        2,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 2, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 2, "Chan": 9, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 58 and 58
    Example(
        7,
        3,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 3, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 3, "Chan": 9, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 59 and 60
    Example(
        7,
        4,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 4, "Chan": 9, '
            '"SMBDevAddr": 22, "SMBRegAddr": 9}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 4, "Chan": 9, "SMBDevAddr": 22, '
            '"SMBRegAddr": 9, "SMBRegValue": 10261}, "id": 1987}'
        ),
    ),
    # pages 61 and 61
    Example(
        7,
        5,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 5, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 5, "Chan": 9, "NumOfRegs": 32, '
            '"ScanList": [{"DevAddr": 22, "Addr": 1, "Ptr": 0, "Len": 2}, {"DevAddr": 22, "Addr": 2, '
            '"Ptr": 2, "Len": 2}, {"DevAddr": 22, "Addr": 3, "Ptr": 4, "Len": 2}, {"DevAddr": 22, '
            '"Addr": 4, "Ptr": 6, "Len": 2}, {"DevAddr": 22, "Addr": 5, "Ptr": 8, "Len": 2}, '
            '{"DevAddr": 22, "Addr": 4, "Ptr": 10, "Len": 2}, {"DevAddr": 22, "Addr": 6, "Ptr": 12, '
            '"Len": 2}, {"DevAddr": 22, "Addr": 4, "Ptr": 14, "Len": 2}, {"DevAddr": 22, "Addr": 7, '
            '"Ptr": 16, "Len": 2}, {"DevAddr": 22, "Addr": 8, "Ptr": 18, "Len": 2}, {"DevAddr": 22, '
            '"Addr": 9, "Ptr": 20, "Len": 2}, {"DevAddr": 22, "Addr": 10, "Ptr": 22, "Len": 2}, '
            '{"DevAddr": 22, "Addr": 11, "Ptr": 24, "Len": 2}, {"DevAddr": 22, "Addr": 12, "Ptr": 26, '
            '"Len": 2}, {"Addr": 13, "Ptr": 28, "Len": 2}, {"Addr": 14, "Ptr": 30, "Len": 2}, '
            '{"Addr": 15, "Ptr": 32, "Len": 2}, {"Addr": 16, "Ptr": 34, "Len": 2}, {"Addr": 17, '
            '"Ptr": 36, "Len": 2}, {"Addr": 18, "Ptr": 38, "Len": 2}, {"Addr": 19, "Ptr": 40, "Len": '
            '2}, {"Addr": 20, "Ptr": 42, "Len": 2}, {"Addr": 21, "Ptr": 44, "Len": 2}, {"Addr": 22, '
            '"Ptr": 46, "Len": 2}, {"Addr": 23, "Ptr": 48, "Len": 2}, {"Addr": 0, "Ptr": 50, "Len": '
            '2}, {"Addr": 47, "Ptr": 52, "Len": 2}, {"Addr": 47, "Ptr": 54, "Len": 2}, {"Addr": 60, '
            '"Ptr": 56, "Len": 2}, {"Addr": 61, "Ptr": 58, "Len": 2}, {"Addr": 62, "Ptr": 60, "Len": '
            '2}, {"Addr": 63, "Ptr": 62, "Len": 2}]}, "id": 1987}'
        ),
    ),
    # pages 65 and 66; Format 1
    Example(
        7,
        6,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 6, "Chan": 9, '
            '"Format": 1}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 6, "Chan": 9, "Format": 1, "Len": 64, '
            '"RawData": [100, 0, 10, 0, 1, 96, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 1, 0, 153, 11, '
            "21, 40, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 193, 25, 255, 255, 255, 255, 255, 255, 240, "
            '17, 250, 50, 208, 2, 2, 0, 0, 0, 20, 0, 20, 0, 0, 0, 105, 13, 77, 13, 95, 13]}, "id": '
            "1987}"
        ),
    ),
    # pages 65 and 67; Format 2
    Example(
        7,
        6,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 6, "Chan": 9, '
            '"Format": 2}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 6, "Chan": 9, "Format": 2, "Len": 27, '
            '"Data": [{"Addr": 1, "Len": 2, "Data": [100, 0]}, {"Addr": 2, "Len": 2, "Data": [10, '
            '0]}, {"Addr": 3, "Len": 2, "Data": [1, 96]}, {"Addr": 4, "Len": 2, "Data": [0, 0]}, '
            '{"Addr": 5, "Len": 2, "Data": [255, 255]}, {"Addr": 4, "Len": 2, "Data": [0, 0]}, '
            '{"Addr": 6, "Len": 2, "Data": [255, 255]}, {"Addr": 4, "Len": 2, "Data": [0, 0]}, '
            '{"Addr": 7, "Len": 2, "Data": [1, 0]}, {"Addr": 8, "Len": 2, "Data": [154, 11]}, '
            '{"Addr": 9, "Len": 2, "Data": [21, 40]}, {"Addr": 10, "Len": 2, "Data": [0, 0]}, '
            '{"Addr": 11, "Len": 2, "Data": [0, 0]}, {"Addr": 12, "Len": 2, "Data": [1, 0]}, {"Addr": '
            '13, "Len": 2, "Data": [0, 0]}, {"Addr": 14, "Len": 2, "Data": [0, 0]}, {"Addr": 15, '
            '"Len": 2, "Data": [0, 0]}, {"Addr": 16, "Len": 2, "Data": [193, 25]}, {"Addr": 17, '
            '"Len": 2, "Data": [255, 255]}, {"Addr": 18, "Len": 2, "Data": [255, 255]}, {"Addr": 19, '
            '"Len": 2, "Data": [255, 255]}, {"Addr": 20, "Len": 2, "Data": [240, 17]}, {"Addr": 21, '
            '"Len": 2, "Data": [250, 50]}, {"Addr": 22, "Len": 2, "Data": [208, 2]}, {"Addr": 23, '
            '"Len": 2, "Data": [2, 0]}, {"Addr": 0, "Len": 2, "Data": [0, 0]}, {"Addr": 47, "Len": 2, '
            '"Data": [20, 0]}]}, "id": 1987}'
        ),
    ),
    # pages 73 and 73
    Example(
        7,
        7,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 7, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 7, "Chan": 9, "NumOfRegs": 12, '
            '"ScanList": [{"DevAddr": 22, "Addr": 0, "Ptr": 0, "Len": 2}, {"DevAddr": 22, "Addr": 1, '
            '"Ptr": 2, "Len": 2}, {"DevAddr": 22, "Addr": 2, "Ptr": 4, "Len": 2}, {"DevAddr": 22, '
            '"Addr": 24, "Ptr": 6, "Len": 2}, {"DevAddr": 22, "Addr": 25, "Ptr": 8, "Len": 2}, '
            '{"DevAddr": 22, "Addr": 26, "Ptr": 10, "Len": 2}, {"DevAddr": 22, "Addr": 27, "Ptr": 12, '
            '"Len": 2}, {"DevAddr": 22, "Addr": 28, "Ptr": 14, "Len": 2}, {"DevAddr": 22, "Addr": 32, '
            '"Ptr": 16, "Len": 8}, {"DevAddr": 22, "Addr": 33, "Ptr": 24, "Len": 4}, {"DevAddr": 22, '
            '"Addr": 34, "Ptr": 28, "Len": 4}, {"DevAddr": 22, "Addr": 35, "Ptr": 32, "Len": 25}]}, '
            '"id": 1987}'
        ),
    ),
    # pages 75 and 76; Format 1
    Example(
        7,
        8,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 8, "Chan": 9, '
            '"Format": 1}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 8, "Chan": 9, "Format": 1, "Len": 57, '
            '"RawData": [0, 0, 100, 0, 10, 0, 159, 25, 156, 44, 49, 0, 141, 69, 1, 0, 83, 77, 80, '
            "153, 153, 153, 153, 153, 98, 113, 50, 48, 76, 73, 79, 78, 0, 0, 0, 0, 7, 2, 0, 1, 50, "
            '23, 0, 0, 3, 51, 48, 56, 3, 48, 48, 55, 3, 83, 68, 73, 2]}, "id": 1987}'
        ),
    ),
    # pages 76 and 77; Format 2
    Example(
        7,
        8,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 8, "Chan": 9, '
            '"Format": 2}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 8, "Chan": 9, "Format": 2, "Len": 12, '
            '"Data": [{"Addr": 0, "Len": 2, "Data": [0, 0]}, {"Addr": 1, "Len": 2, "Data": [100, 0]}, '
            '{"Addr": 2, "Len": 2, "Data": [10, 0]}, {"Addr": 24, "Len": 2, "Data": [159, 25]}, '
            '{"Addr": 25, "Len": 2, "Data": [156, 44]}, {"Addr": 26, "Len": 2, "Data": [49, 0]}, '
            '{"Addr": 27, "Len": 2, "Data": [141, 69]}, {"Addr": 28, "Len": 2, "Data": [1, 0]}, '
            '{"Addr": 32, "Len": 8, "Data": [83, 77, 80, 153, 153, 153, 153, 153]}, {"Addr": 33, '
            '"Len": 4, "Data": [98, 113, 50, 48]}, {"Addr": 34, "Len": 4, "Data": [76, 73, 79, 78]}, '
            '{"Addr": 35, "Len": 25, "Data": [0, 0, 0, 0, 7, 2, 0, 1, 50, 23, 0, 0, 3, 51, 48, 56, 3, '
            '48, 48, 55, 3, 83, 68, 73, 2]}]}, "id": 1987}'
        ),
    ),
    # pages 80 and 81
    Example(
        7,
        9,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 9, "Chan": 9, '
            '"RegAddr": 1, "Data": [44, 1]}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 9, "Chan": 9, '
            '"Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 81 and 82
    Example(
        7,
        10,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 10, "Chan": 9, '
            '"BusAddr": 22, "StartDataAddr": 1, "EndDataAddr": 1, "NumOfBytes": 2, "BusType": 1, '
            '"CheckSum": 0, "Data": [44, 1]}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 10, "Chan": 9, '
            '"Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 83 and 83
    Example(
        7,
        11,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 11, "Chan": 9, '
            '"BusAddr": 22, "StartDataAddr": 34, "EndDataAddr": 34, "NumOfBytes": 4, "BusType": 1}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 11, "Chan": 9, '
            '"Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 84 and 84
    Example(
        7,
        12,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 12, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 12, "Chan": 9, '
            '"Status": 2, "NumOfBytes": 4, "Data": [76, 73, 79, 78]}, "id": 1987}'
        ),
    ),
    # pages 85 and 85
    Example(
        7,
        13,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 13, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 13, "Chan": 9, '
            '"Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 86 and 86
    Example(
        7,
        14,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 14, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 14, "Chan": 9, '
            '"BusType": 1, "DeviceAddr": 22, "ClockFreqDivisor": 85, "BusLogicV": 3.29934072494507, '
            '"AccessDelay": 2, "PctOfMax": 56, "PctOfMaxHdr": 14}, "id": 1987}'
        ),
    ),
    # pages 87 and 87
    Example(
        7,
        15,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 15, "Chan": 9, '
            '"BusType": 1, "DeviceAddr": 22, "ClockFreqDivisor": 85, "BusLogicV": 3.3, "AccessDelay": '
            '2}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 15, "Chan": 9, '
            '"Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 88 and 88; a comma was missing
    Example(
        7,
        20,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 20, "Chan": 9, '
            '"Index": 3}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 20, "Chan": 9, '
            '"Index": 3, "dev_addrs": 22, "reg_addrs": 4, "Len": 2, "data_type": 2, "ErrorVal": '
            '65534, "Designator": "AtRate", "FormatType": 2}, "id": 1987}'
        ),
    ),
    # pages 89 and 90
    Example(
        7,
        21,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 21, "Chan": 9, '
            '"Index": 3, "dev_addrs": 22, "reg_addrs": 4, "Len": 2, "data_type": 2, "ErrorVal": '
            '65534, "Designator": "AtRateX", "FormatType": 2}, "id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 21, "Chan": 9, '
            '"Index": 3, "Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 90 and 91
    Example(
        7,
        22,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 22, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 22, "Chan": 9, '
            '"Result": "OK"}, "id": 1987}'
        ),
    ),
    # pages 91 and 92; the request is printed with result in place of method and params
    Example(
        7,
        23,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 23, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 23, "Chan": 9, "Result": "OK"}, "id": 1987}'
        ),
        printed_request=('{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 23, "Chan": 9}, "id": 1987}'),
    ),
    # pages 92 and 92; the request is printed with result in place of method and params
    Example(
        7,
        24,
        request=(
            '{"jsonrpc": "2.0", "method": "MacNet", "params": {"FClass": 7, "FNum": 24, "Chan": 9}, '
            '"id": 1987}'
        ),
        reply=(
            '{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 24, "Chan": 9, "Result": "OK"}, "id": 1987}'
        ),
        printed_request=('{"jsonrpc": "2.0", "result": {"FClass": 7, "FNum": 24, "Chan": 9}, "id": 1987}'),
    ),
)
