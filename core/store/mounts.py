"""On what kind of file system a file lies, where the machine tells."""

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html; other systems have none."""

NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ceph|lustre|gpfs|glusterfs|ocfs2|gfs2"
    r"|fuse\.(sshfs|glusterfs|s3fs|rclone|davfs|cephfs|gcsfuse)"
)
"""Kinds on which processes cannot share SQLite's log, or locks hold nobody: see
https://sqlite.org/wal.html and https://sqlite.org/howtocorrupt.html."""


def network_file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """The kind of file system, if it lies on another machine; else, and if unknown, empty."""
    try:
        table = mounts.read_text(errors="replace")
    except OSError:
        return ""
    kind = _kind(path.absolute(), table)
    return kind if NETWORK.fullmatch(kind) else ""


def _kind(path: Path, table: str) -> str:
    """The kind of the innermost mount that holds the path; of those in one place, the last."""
    found, depth = "", -1
    for line in table.splitlines():
        fields, _, rest = line.partition(" - ")
        point = Path(_plain(fields.split(" ")[4]))
        if path.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = rest.split(" ")[0], len(point.parts)
    return found


def _plain(name: str) -> str:
    """Spaces and their like are written in octal there."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), name)
