"""The rows, by what they are about."""

from amends.store.models.alerting import AlertHook, AlertTrouble, Delivery
from amends.store.models.alerts import Alert
from amends.store.models.cases import Case
from amends.store.models.history import Chain, HistoryContent, HistoryEntry
from amends.store.models.intake import ImportRun, Raw, Waiting
from amends.store.models.outbox import Mail, Send
from amends.store.models.people import ApiToken, Brand, Invitation, Membership, PolicyVersion, User
from amends.store.models.posts import Account, Author, Conversation, NetworkApp, Post, PostVersion
from amends.store.models.presence import AtWork, Presence
from amends.store.models.signing_in import Revocation, SignIn

__all__ = [
    "Account",
    "Alert",
    "AlertHook",
    "AlertTrouble",
    "ApiToken",
    "AtWork",
    "Author",
    "Brand",
    "Case",
    "Chain",
    "Conversation",
    "Delivery",
    "HistoryContent",
    "HistoryEntry",
    "ImportRun",
    "Invitation",
    "Mail",
    "Membership",
    "NetworkApp",
    "PolicyVersion",
    "Post",
    "PostVersion",
    "Presence",
    "Raw",
    "Revocation",
    "Send",
    "SignIn",
    "User",
    "Waiting",
]
