"""Which verbs stop, and which only read. Made by `python -m reference`."""

from __future__ import annotations

STOPS = frozenset(["rest", "stop_direct", "suspend"])
READS = frozenset(
    [
        "cancel",
        "check_start",
        "get_file",
        "list_files",
        "macnet",
        "ping",
        "procedure_exists",
        "query",
        "read_aux",
        "read_calibration",
        "read_end_status",
        "read_general_info",
        "read_specification",
        "read_status",
        "read_system_info",
        "read_test_info",
        "read_variables",
        "sb_fetch_read",
        "sb_get_position_setup",
        "sb_header_scan_list",
        "sb_raw_data",
        "sb_raw_header",
        "sb_read_register",
        "sb_read_scan_entry",
        "sb_scan_list",
        "sb_version_status",
        "set_log_level",
        "test_name_exists",
    ]
)
