"""The one place where configuration meets adapters."""

from fullcycle.wiring.project import Project, open_project

__all__ = ["Project", "open_project"]
