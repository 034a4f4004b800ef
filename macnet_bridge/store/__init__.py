"""What must outlive the process, in SQLite. The only room that knows it."""

from macnet_bridge.store.journal import Journal, Row
from macnet_bridge.store.recording import Recording, RecordingUnavailable
from macnet_bridge.store.spool import Spool
from macnet_bridge.store.spool_file import SpoolUnavailable

__all__ = ["Journal", "Recording", "RecordingUnavailable", "Row", "Spool", "SpoolUnavailable"]
