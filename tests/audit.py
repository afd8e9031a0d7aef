"""`make audit`: whether a version that is pinned has a known hole, as https://osv.dev knows them.

Advisories come from there alone: without a way out to it nothing is checked, and that is said.
"""

import subprocess
import sys
import urllib.error
import urllib.request

SERVICE = "https://api.osv.dev"
PATIENCE = 15.0

UNREACHED = (
    "make audit: nothing was checked. It asks {service} about each pinned version, which cannot be "
    "reached from here ({why}). Run it on a machine with a way out to the internet."
)
NO_TOOL = (
    "make audit: nothing was checked. pip-audit could not be installed: see whether a package "
    "index can be reached (pip config list)."
)


def unreached(service: str = SERVICE) -> str:
    """Why the service cannot be asked; empty when it answers, whatever that is."""
    try:
        with urllib.request.urlopen(service, timeout=PATIENCE):
            return ""
    except urllib.error.HTTPError:
        return ""
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def main(service: str = SERVICE) -> int:
    """0: nothing is known; 1: holes are; 2: nothing was checked."""
    if why := unreached(service):
        sys.stderr.write(UNREACHED.format(service=service, why=why) + "\n")
        return 2
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if subprocess.run([*pip, "pip-audit"], check=False).returncode:
        sys.stderr.write(NO_TOOL + "\n")
        return 2
    look = (sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv")
    pinned = ("--require-hashes", "--disable-pip", "--requirement", "requirements.txt")
    return subprocess.run([*look, *pinned], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
