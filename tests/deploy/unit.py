"""A unit file of systemd's, as far as it says how a process is started."""

import shlex
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "deploy" / "parley.service"


def settings_of(path, section):
    """The settings of a section, each with all its values."""
    found, here = defaultdict(list), ""
    for line in path.read_text().splitlines():
        if line.startswith("["):
            here = line.strip("[]")
        elif here == section and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


class Service:
    """What systemd would do with the unit: its command, environment and credentials, in a folder.

    `%S` and `%d` are the folder of states and that of the credentials.
    """

    def __init__(self, path, folder, program):
        self.settings = settings_of(path, "Service")
        self.states, self.credentials = folder / "states", folder / "credentials"
        self.work = Path(self._filled(self.settings["WorkingDirectory"][0]))
        self._program = program
        for one in (self.work, self.credentials):
            one.mkdir(parents=True)

    @property
    def command(self):
        program, *words = shlex.split(self.settings["ExecStart"][0])
        assert program == "/opt/parley/.venv/bin/parley"
        return [*self._program, *words]

    @property
    def environment(self):
        lines = (line for one in self.settings["Environment"] for line in shlex.split(one))
        words = dict(self._filled(line).split("=", 1) for line in lines)
        return words | {"CREDENTIALS_DIRECTORY": str(self.credentials)}

    def load_credential(self, name, content):
        """What LoadCredential=ID:FOLDER makes of a file in that folder."""
        (loaded,) = self.settings["LoadCredential"]
        path = self.credentials / f"{loaded.partition(':')[0]}_{name}"
        path.write_text(content)
        path.chmod(0o400)

    def _filled(self, line):
        return line.replace("%S", str(self.states)).replace("%d", str(self.credentials))
