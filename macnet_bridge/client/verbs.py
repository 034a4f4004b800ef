"""One method for each verb. Made by `python -m reference` from the bridge's table of verbs.

What an argument means, its unit and its bounds are said in docs/commands.md. One that is left out
is not sent, and the bridge's default counts.
"""

from __future__ import annotations

from typing import Any, Literal, Unpack

from msgspec import UNSET, UnsetType

from macnet_bridge.client.request import BridgeOptions, Options, with_defaults
from macnet_bridge.client.target import Target
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.arguments import Safety


class ChannelVerbs(Target):
    """Verbs of a channel, or of several at once."""

    async def start_test(
        self,
        *,
        procedure: str,
        c_rate_ah: float | UnsetType = UNSET,
        test_name: str | UnsetType = UNSET,
        comment: str | UnsetType = UNSET,
        cell_id: str | UnsetType = UNSET,
        chamber: int | UnsetType = UNSET,
        safety: Safety | UnsetType = UNSET,
        start_cycle: int | UnsetType = UNSET,
        total_cycles: int | UnsetType = UNSET,
        mass_gram: float | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """Start a test. MacNet (6, 10), (6, 11), (6, 2), read back by (4, 7) and (4, 6)."""
        return await self._command(
            "start_test",
            {
                "procedure": procedure,
                "c_rate_ah": c_rate_ah,
                "test_name": test_name,
                "comment": comment,
                "cell_id": cell_id,
                "chamber": chamber,
                "safety": safety,
                "start_cycle": start_cycle,
                "total_cycles": total_cycles,
                "mass_gram": mass_gram,
            },
            options,
        )

    async def check_start(
        self,
        *,
        procedure: str,
        c_rate_ah: float | UnsetType = UNSET,
        test_name: str | UnsetType = UNSET,
        comment: str | UnsetType = UNSET,
        cell_id: str | UnsetType = UNSET,
        chamber: int | UnsetType = UNSET,
        safety: Safety | UnsetType = UNSET,
        start_cycle: int | UnsetType = UNSET,
        total_cycles: int | UnsetType = UNSET,
        mass_gram: float | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """Ask the tester whether a test could start, within its limits. MacNet (6, 11)."""
        return await self._command(
            "check_start",
            {
                "procedure": procedure,
                "c_rate_ah": c_rate_ah,
                "test_name": test_name,
                "comment": comment,
                "cell_id": cell_id,
                "chamber": chamber,
                "safety": safety,
                "start_cycle": start_cycle,
                "total_cycles": total_cycles,
                "mass_gram": mass_gram,
            },
            options,
        )

    async def suspend(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (6, 3), repeated until the tester's state shows that nothing runs."""
        return await self._command("suspend", {}, options)

    async def resume(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (6, 4)."""
        return await self._command("resume", {}, options)

    async def reset(
        self, *, stop_running: bool | UnsetType = UNSET, **options: Unpack[Options]
    ) -> Acknowledgement:
        """MacNet (6, 5)."""
        return await self._command("reset", {"stop_running": stop_running}, options)

    async def set_variable(
        self, *, variable: int, value: float, **options: Unpack[Options]
    ) -> Acknowledgement:
        """MacNet (6, 9), read back by (4, 8)."""
        return await self._command("set_variable", {"variable": variable, "value": value}, options)

    async def set_safety_limits(self, *, safety: Safety, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (6, 10), whose reply repeats the limits as the tester took them."""
        return await self._command("set_safety_limits", {"safety": safety}, options)

    async def read_status(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (4, 7)."""
        return await self._command("read_status", {}, options)

    async def read_aux(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (4, 4) and (4, 5)."""
        return await self._command("read_aux", {}, options)

    async def read_variables(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (4, 8)."""
        return await self._command("read_variables", {}, options)

    async def read_test_info(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (4, 6)."""
        return await self._command("read_test_info", {}, options)

    async def read_specification(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (3, 1)."""
        return await self._command("read_specification", {}, options)

    async def lock(self, *, reason: str, **options: Unpack[Options]) -> Acknowledgement:
        """Let no test start on the channel. One that runs goes on."""
        return await self._command("lock", {"reason": reason}, options)

    async def unlock(self, **options: Unpack[Options]) -> Acknowledgement:
        """Let tests start again."""
        return await self._command("unlock", {}, options)

    async def advanced_start(
        self,
        *,
        c_rate_ah: float | UnsetType = UNSET,
        test_name: str | UnsetType = UNSET,
        comment: str | UnsetType = UNSET,
        cell_id: str | UnsetType = UNSET,
        chamber: int | UnsetType = UNSET,
        safety: Safety | UnsetType = UNSET,
        procedure: str | UnsetType = UNSET,
        append_to: str | UnsetType = UNSET,
        use_archived_procedure: bool | UnsetType = UNSET,
        add_shelf_time: bool | UnsetType = UNSET,
        remove_records: int | UnsetType = UNSET,
        test_time_second: float | UnsetType = UNSET,
        step_time_second: float | UnsetType = UNSET,
        step_id: int | UnsetType = UNSET,
        cycle_count: int | UnsetType = UNSET,
        remaining_loops: tuple[int, int, int, int] | UnsetType = UNSET,
        capacity_ah: float | UnsetType = UNSET,
        energy_wh: float | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """Start a test. MacNet (6, 10), (6, 11), (6, 13), read back by (4, 7) and (4, 6)."""
        return await self._command(
            "advanced_start",
            {
                "c_rate_ah": c_rate_ah,
                "test_name": test_name,
                "comment": comment,
                "cell_id": cell_id,
                "chamber": chamber,
                "safety": safety,
                "procedure": procedure,
                "append_to": append_to,
                "use_archived_procedure": use_archived_procedure,
                "add_shelf_time": add_shelf_time,
                "remove_records": remove_records,
                "test_time_second": test_time_second,
                "step_time_second": step_time_second,
                "step_id": step_id,
                "cycle_count": cycle_count,
                "remaining_loops": remaining_loops,
                "capacity_ah": capacity_ah,
                "energy_wh": energy_wh,
            },
            options,
        )

    async def archive(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (6, 6)."""
        return await self._command("archive", {}, options)

    async def read_end_status(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (4, 10)."""
        return await self._command("read_end_status", {}, options)

    async def read_calibration(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (3, 2): null where a range has no record."""
        return await self._command("read_calibration", {}, options)

    async def macnet(
        self,
        *,
        fclass: int,
        fnum: int,
        params: dict[str, Any] | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """Any MacNet function of the table that changes nothing."""
        return await self._command("macnet", {"fclass": fclass, "fnum": fnum, "params": params}, options)

    async def sb_version_status(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 1). Of the smart battery of the channel."""
        return await self._command("sb_version_status", {}, options)

    async def sb_suspend_polling(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 2). Of the smart battery of the channel."""
        return await self._command("sb_suspend_polling", {}, options)

    async def sb_resume_polling(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 3). Of the smart battery of the channel."""
        return await self._command("sb_resume_polling", {}, options)

    async def sb_read_register(
        self, *, smbregaddr: int, smbdevaddr: int | UnsetType | None = UNSET, **options: Unpack[Options]
    ) -> Acknowledgement:
        """MacNet (7, 4), and what the specification makes of the word."""
        return await self._command(
            "sb_read_register", {"smbregaddr": smbregaddr, "smbdevaddr": smbdevaddr}, options
        )

    async def sb_scan_list(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 5). Of the smart battery of the channel."""
        return await self._command("sb_scan_list", {}, options)

    async def sb_raw_data(
        self, *, format: int | UnsetType = UNSET, **options: Unpack[Options]
    ) -> Acknowledgement:
        """MacNet (7, 6). Of the smart battery of the channel."""
        return await self._command("sb_raw_data", {"format": format}, options)

    async def sb_header_scan_list(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 7). Of the smart battery of the channel."""
        return await self._command("sb_header_scan_list", {}, options)

    async def sb_raw_header(
        self, *, format: int | UnsetType = UNSET, **options: Unpack[Options]
    ) -> Acknowledgement:
        """MacNet (7, 8). Of the smart battery of the channel."""
        return await self._command("sb_raw_header", {"format": format}, options)

    async def sb_write_register(
        self, *, regaddr: int, data: list[int], **options: Unpack[Options]
    ) -> Acknowledgement:
        """MacNet (7, 9). Of the smart battery of the channel."""
        return await self._command("sb_write_register", {"regaddr": regaddr, "data": data}, options)

    async def sb_write_bytes(
        self,
        *,
        startdataaddr: int,
        enddataaddr: int,
        numofbytes: int,
        data: list[int],
        busaddr: int | UnsetType = UNSET,
        bustype: int | UnsetType = UNSET,
        checksum: int | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """MacNet (7, 10). Of the smart battery of the channel."""
        return await self._command(
            "sb_write_bytes",
            {
                "startdataaddr": startdataaddr,
                "enddataaddr": enddataaddr,
                "numofbytes": numofbytes,
                "data": data,
                "busaddr": busaddr,
                "bustype": bustype,
                "checksum": checksum,
            },
            options,
        )

    async def sb_request_read(
        self,
        *,
        startdataaddr: int,
        enddataaddr: int,
        numofbytes: int,
        busaddr: int | UnsetType = UNSET,
        bustype: int | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """MacNet (7, 11). Of the smart battery of the channel."""
        return await self._command(
            "sb_request_read",
            {
                "startdataaddr": startdataaddr,
                "enddataaddr": enddataaddr,
                "numofbytes": numofbytes,
                "busaddr": busaddr,
                "bustype": bustype,
            },
            options,
        )

    async def sb_fetch_read(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 12). Of the smart battery of the channel."""
        return await self._command("sb_fetch_read", {}, options)

    async def sb_read_header(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 13). Of the smart battery of the channel."""
        return await self._command("sb_read_header", {}, options)

    async def sb_get_position_setup(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 14). Of the smart battery of the channel."""
        return await self._command("sb_get_position_setup", {}, options)

    async def sb_set_position_setup(
        self,
        *,
        clockfreqdivisor: int,
        buslogicv: float,
        accessdelay: int,
        bustype: int | UnsetType = UNSET,
        deviceaddr: int | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """MacNet (7, 15). Of the smart battery of the channel."""
        return await self._command(
            "sb_set_position_setup",
            {
                "clockfreqdivisor": clockfreqdivisor,
                "buslogicv": buslogicv,
                "accessdelay": accessdelay,
                "bustype": bustype,
                "deviceaddr": deviceaddr,
            },
            options,
        )

    async def sb_read_scan_entry(self, *, index: int, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 20). Of the smart battery of the channel."""
        return await self._command("sb_read_scan_entry", {"index": index}, options)

    async def sb_write_scan_entry(
        self,
        *,
        index: int,
        reg_addrs: int,
        len: int,
        data_type: int,
        errorval: int,
        designator: str,
        formattype: int,
        dev_addrs: int | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """MacNet (7, 21). Of the smart battery of the channel."""
        return await self._command(
            "sb_write_scan_entry",
            {
                "index": index,
                "reg_addrs": reg_addrs,
                "len": len,
                "data_type": data_type,
                "errorval": errorval,
                "designator": designator,
                "formattype": formattype,
                "dev_addrs": dev_addrs,
            },
            options,
        )

    async def sb_clear_scan_list(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 22). Of the smart battery of the channel."""
        return await self._command("sb_clear_scan_list", {}, options)

    async def sb_save_scan_list(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 23). Of the smart battery of the channel."""
        return await self._command("sb_save_scan_list", {}, options)

    async def sb_refresh_scan_list(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (7, 24). Of the smart battery of the channel."""
        return await self._command("sb_refresh_scan_list", {}, options)

    async def start_direct(
        self,
        *,
        voltage_volt: float | UnsetType = UNSET,
        power_watt: float | UnsetType = UNSET,
        resistance_ohm: float | UnsetType = UNSET,
        current_ampere: float | UnsetType = UNSET,
        range: int | UnsetType = UNSET,
        test_name: str | UnsetType = UNSET,
        record_second: float | UnsetType = UNSET,
        record_volt: float | UnsetType = UNSET,
        record_ampere: float | UnsetType = UNSET,
        valid_for_s: float | UnsetType = UNSET,
        safety: Safety | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """Take a channel into direct control. MacNet (6, 10), (6, 7), read back by (4, 7) and (4, 6)."""
        return await self._command(
            "start_direct",
            {
                "voltage_volt": voltage_volt,
                "power_watt": power_watt,
                "resistance_ohm": resistance_ohm,
                "current_ampere": current_ampere,
                "range": range,
                "test_name": test_name,
                "record_second": record_second,
                "record_volt": record_volt,
                "record_ampere": record_ampere,
                "valid_for_s": valid_for_s,
                "safety": safety,
            },
            options,
        )

    async def set_output(
        self,
        *,
        lease: str,
        n: int,
        current_ampere: float,
        voltage_volt: float | UnsetType = UNSET,
        power_watt: float | UnsetType = UNSET,
        resistance_ohm: float | UnsetType = UNSET,
        range: int | UnsetType = UNSET,
        valid_for_s: float | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """Set current, voltage, power and resistance. MacNet (6, 8), for zero amperes in binary."""
        return await self._command(
            "set_output",
            {
                "lease": lease,
                "n": n,
                "current_ampere": current_ampere,
                "voltage_volt": voltage_volt,
                "power_watt": power_watt,
                "resistance_ohm": resistance_ohm,
                "range": range,
                "valid_for_s": valid_for_s,
            },
            options,
        )

    async def rest(self, **options: Unpack[Options]) -> Acknowledgement:
        """Let no current flow; the lease lives on. Binary MacNet (6, 8), read back by (4, 7)."""
        return await self._command("rest", {}, options)

    async def stop_direct(self, **options: Unpack[Options]) -> Acknowledgement:
        """End direct control, and whatever else runs. Binary MacNet (6, 8), then (6, 3)."""
        return await self._command("stop_direct", {}, options)


class CyclerVerbs(Target):
    """Verbs of a cycler as a whole."""

    async def read_system_info(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (1, 1): versions, under the name that pymacnet's users know."""
        return await self._command("read_system_info", {}, options)

    async def read_general_info(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (1, 2): what the tester consists of."""
        return await self._command("read_general_info", {}, options)

    async def ping(self, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (0, 0), or (1, 2) where the tester has no echo."""
        return await self._command("ping", {}, options)

    async def macnet(
        self,
        *,
        fclass: int,
        fnum: int,
        params: dict[str, Any] | UnsetType = UNSET,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """Any MacNet function of the table that changes nothing."""
        return await self._command("macnet", {"fclass": fclass, "fnum": fnum, "params": params}, options)

    async def procedure_exists(self, *, name: str, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (1, 3)."""
        return await self._command("procedure_exists", {"name": name}, options)

    async def test_name_exists(self, *, name: str, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (1, 4)."""
        return await self._command("test_name_exists", {"name": name}, options)

    async def set_global_flags(self, *, flags: int | str, **options: Unpack[Options]) -> Acknowledgement:
        """MacNet (5, 1), read back by (4, 8)."""
        return await self._command("set_global_flags", {"flags": flags}, options)

    async def list_files(
        self,
        *,
        type: Literal["active", "archive", "procedure", "user_function", "can", "fra", "waveform"],
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """MacNet (1, 5)."""
        return await self._command("list_files", {"type": type}, options)

    async def get_file(
        self,
        *,
        type: Literal[
            "active", "archive", "procedure", "user_function", "can", "fra", "waveform", "system_events"
        ],
        name: str,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """MacNet (1, 7)."""
        return await self._command("get_file", {"type": type, "name": name}, options)

    async def put_file(
        self,
        *,
        type: Literal["procedure", "user_function", "can", "fra", "waveform"],
        name: str,
        data_base64: bytes,
        **options: Unpack[Options],
    ) -> Acknowledgement:
        """MacNet (1, 6), read back by (1, 7)."""
        return await self._command(
            "put_file", {"type": type, "name": name, "data_base64": data_base64}, options
        )


class BridgeVerbs(Target):
    """Verbs of the bridge itself."""

    async def ping(self, **options: Unpack[BridgeOptions]) -> Acknowledgement:
        """The bridge itself; no tester is asked."""
        return await self._command("ping", {}, with_defaults(options))

    async def query(
        self, *, id: str, principal: str | UnsetType = UNSET, **options: Unpack[BridgeOptions]
    ) -> Acknowledgement:
        """No tester is asked, but for what ended `unknown`."""
        return await self._command("query", {"id": id, "principal": principal}, with_defaults(options))

    async def cancel(self, *, id: str, **options: Unpack[BridgeOptions]) -> Acknowledgement:
        """Say of how many commands nothing will be sent any more, and for how many it is too late."""
        return await self._command("cancel", {"id": id}, with_defaults(options))

    async def set_log_level(
        self, *, level: Literal["debug", "info", "warning", "error"], **options: Unpack[BridgeOptions]
    ) -> Acknowledgement:
        """The bridge itself; no tester is asked. It holds until the bridge ends, or the next one."""
        return await self._command("set_log_level", {"level": level}, with_defaults(options))
