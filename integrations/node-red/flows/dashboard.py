"""What Dashboard 2.0 wants to know of pages, groups and charts."""

from __future__ import annotations

from canvas import Canvas, Node, Tab


class Dashboard:
    """The configuration nodes of Dashboard 2.0."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._pages = 0
        self.ui = canvas.config(
            "ui-base", "Battery lab", path="/dashboard", appIcon="", includeClientData=True,
            acceptsClientConfig=["ui-notification", "ui-control"], showPathInSidebar=False, headerContent="page",
            navigationStyle="default", titleBarStyle="default", showReconnectNotification=True,
            notificationDisplayTime=1, showDisconnectNotification=True, allowInstall=False,
        )  # fmt: skip
        self._theme = canvas.config(
            "ui-theme", "Battery lab",
            colors={"surface": "#ffffff", "primary": "#0072b2", "bgPage": "#f3f5f7", "groupBg": "#ffffff",
                    "groupOutline": "#d0d5da"},
            sizes={"density": "default", "pagePadding": "12px", "groupGap": "12px", "groupBorderRadius": "4px",
                   "widgetGap": "12px"},
        )  # fmt: skip

    def page(self, name: str, path: str, icon: str) -> str:
        self._pages += 1
        return self._canvas.config(
            "ui-page", name, ui=self.ui, path=path, icon=icon, layout="grid", theme=self._theme,
            breakpoints=[{"name": "Default", "px": "0", "cols": "3"}, {"name": "Tablet", "px": "576", "cols": "6"},
                         {"name": "Small Desktop", "px": "768", "cols": "9"},
                         {"name": "Desktop", "px": "1024", "cols": "12"}],
            order=self._pages, className="", visible="true", disabled="false",
        )  # fmt: skip

    def group(self, name: str, page: str, order: int = 1) -> str:
        return self._canvas.config(
            "ui-group", name, page=page, width="12", height="1", order=order, showTitle=False, className="",
            visible="true", disabled="false", groupType="default",
        )  # fmt: skip


def line_chart(tab: Tab, name: str, group: str) -> Node:
    return tab.node(
        "ui-chart", name, group=group, label=name.capitalize(), order=1, chartType="line",
        category="topic", categoryType="msg", xAxisLabel="", xAxisProperty="", xAxisPropertyType="timestamp",
        xAxisType="time", xAxisFormat="", xAxisFormatType="auto", xmin="", xmax="", yAxisLabel="", yAxisProperty="payload",
        yAxisPropertyType="msg", ymin="", ymax="", bins=10, action="append", stackSeries=False, pointShape="circle",
        pointRadius=1, showLegend=True, removeOlder=10, removeOlderUnit="60", removeOlderPoints="",
        colors=["#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#000000", "#999999"],
        textColor=["#333333"], textColorDefault=False, gridColor=["#dddddd"], gridColorDefault=False, width="12", height="6",
        className="", interpolation="linear",
    )  # fmt: skip
