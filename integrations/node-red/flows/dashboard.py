"""Pages and groups of Dashboard 2.0."""

from __future__ import annotations

from canvas import Canvas


class Dashboard:
    """A dashboard without pages; those that are added stand in its menu in this order."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._pages = 0
        self.ui = canvas.config("ui-base", "Battery lab")
        self._theme = canvas.config("ui-theme", "Battery lab")

    def page(self, name: str, path: str, icon: str) -> str:
        self._pages += 1
        about = {"ui": self.ui, "theme": self._theme, "order": self._pages}
        return self._canvas.config("ui-page", name, path=path, icon=icon, **about)

    def group(self, name: str, page: str, order: int = 1) -> str:
        return self._canvas.config("ui-group", name, page=page, order=order)
