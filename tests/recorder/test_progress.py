"""The line that a recorder shows."""

from __future__ import annotations

from macnet_bridge.recorder.progress import Figures


def test_the_line_tells_what_there_is_and_what_is_missing() -> None:
    figures = Figures(readings=12_345, lag_second=0.04, megabytes=3.21)
    assert figures.line(0.0) == "12,345 readings, 0/s, none missing, 0.0 s behind, 3.2 MB"
    figures.new, figures.rows, figures.missing, figures.lost = 500, 1_000, 3, 2
    figures.doubles, figures.unread, figures.trouble = 7, 1, "disk full"
    assert figures.line(5.0) == (
        "12,345 readings, 100/s, 3 missing, 2 lost, 0.0 s behind, 3.2 MB, 1,000 other rows, 7 doubles, "
        "1 unread, disk full"
    )


def test_the_rate_is_that_of_the_last_seconds() -> None:
    figures = Figures()
    for second in range(31):
        figures.new = 10 * second if second <= 10 else 100
        rate = figures.rate(float(second))
    assert rate == 0.0
