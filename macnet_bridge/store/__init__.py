"""What must outlive the process, in SQLite. The only room that knows it."""

from macnet_bridge.store.journal import Journal, Row
from macnet_bridge.store.spool import Spool, SpoolUnavailable

__all__ = ["Journal", "Row", "Spool", "SpoolUnavailable"]
