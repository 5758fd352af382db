"""What can go wrong below the desk, as one tree whose messages are written for the person at the terminal."""


class SiteError(Exception):
    """Something about this installation stops the work: what happened, what was kept, what to do next."""


class PlaceError(SiteError):
    """The data folder or a key in it cannot be used as it is."""


class ClusterError(SiteError):
    """The embedded PostgreSQL cannot be created, started, reached or stopped."""


class BackupError(SiteError):
    """A backup could not be made or put back."""


class MoveError(SiteError):
    """The desk could not be moved to another database; the old one is as it was."""
