"""What the argument of a command names: a release, or the service of an environment."""

from fullcycle.kernel import Invalid, Reference
from fullcycle.wiring import Project


def asked_release(project: Project, ref: str, role: str) -> tuple[str, int]:
    """Capability and number of the release that is named; ``role`` says what it is for.

    Raises:
        UnknownName, Missing: where there is no such capability.
        Invalid: for anything but a release.
    """
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    if asked.release is None:
        raise Invalid(
            f"{ref!r} is not a release",
            role,
            f"name a release, such as {asked.capability}@v1: fullcycle releases {asked.capability}",
        )
    return asked.capability, asked.release


def asked_service(project: Project, ref: str, role: str) -> tuple[str, str]:
    """Capability and environment of the service that is named; ``role`` says what it is for.

    Raises:
        UnknownName, Missing: where there is no such capability.
        Invalid: where no environment is named.
    """
    asked = Reference.parse(ref)
    project.require_capability(asked.capability)
    if asked.environment is None:
        raise Invalid(f"{ref!r} names no environment", role, f"write {asked.capability}@prod")
    return asked.capability, asked.environment
