"""Arguments for every smart battery verb, such as a tester with boards takes them at once."""

from __future__ import annotations

from typing import Any

ENTRY: dict[str, Any] = {
    "index": 1,
    "dev_addrs": 22,
    "reg_addrs": 9,
    "len": 2,
    "data_type": 1,
    "errorval": 65534,
    "designator": "Volt",
    "formattype": 11,
}
SETUP: dict[str, Any] = {
    "bustype": 1,
    "deviceaddr": 22,
    "clockfreqdivisor": 85,
    "buslogicv": 3.3,
    "accessdelay": 2,
}
READ: dict[str, Any] = {"startdataaddr": 34, "enddataaddr": 34, "numofbytes": 4}

SAMPLES: dict[str, dict[str, Any]] = {
    "sb_version_status": {},
    "sb_suspend_polling": {},
    "sb_resume_polling": {},
    "sb_read_register": {"smbregaddr": 9, "smbdevaddr": 22},
    "sb_scan_list": {},
    "sb_raw_data": {"format": 2},
    "sb_header_scan_list": {},
    "sb_raw_header": {},
    "sb_write_register": {"regaddr": 1, "data": [44, 1]},
    "sb_write_bytes": {"startdataaddr": 1, "enddataaddr": 1, "numofbytes": 2, "data": [44, 1]},
    "sb_request_read": READ,
    "sb_fetch_read": {},
    "sb_read_header": {},
    "sb_get_position_setup": {},
    "sb_set_position_setup": SETUP,
    "sb_read_scan_entry": {"index": 1},
    "sb_write_scan_entry": ENTRY,
    "sb_clear_scan_list": {},
    "sb_save_scan_list": {},
    "sb_refresh_scan_list": {},
}
