"""The workspaces in which the app is, or can be; a token says which one is meant."""

from sandbox.slack.workspace import Workspace


class Teams:
    """All of them; calls without a good token are the first one's to refuse."""

    def __init__(self, first: Workspace) -> None:
        self.all = [first]

    @property
    def first(self) -> Workspace:
        """The one that is always there."""
        return self.all[0]

    def add(self, workspace: Workspace) -> None:
        """One more, at the same address."""
        workspace.address = self.first.address
        self.all.append(workspace)

    def move(self, address: str) -> None:
        """They are served at this address from now on."""
        for one in self.all:
            one.address = address

    def by_token(self, token: str) -> Workspace:
        """That of a token, be it good or void."""
        for one in self.all:
            if token and token in (one.app.bot_token, *one.void):
                return one
        return self.first

    def by_id(self, team: str) -> Workspace | None:
        """That of a team's id."""
        return next((one for one in self.all if one.app.team == team), None)

    def by_upload(self, secret: str) -> Workspace:
        """That in which a file is awaited."""
        return next((one for one in self.all if one.files.awaited(secret)), self.first)
