"""The forms about people and settings. They ask; whether an answer is good is decided in the pipeline."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from django import forms

from amends.core.case import NotPossible
from amends.core.scopes import Scope
from amends.core.values import Role
from amends.pipeline import accounts, connecting
from amends.pipeline.people_checks import LONGEST_NAME, BadField

ROLES = [
    (Role.AGENT.value, "Agent: answers people"),
    (Role.SUPERVISOR.value, "Supervisor: balances and approves"),
    (Role.ADMIN.value, "Admin: accounts, policy, people"),
]
SCOPES = [
    (Scope.READ.value, "Read cases and posts"),
    (Scope.WRITE.value, "Answer and work on cases"),
    (Scope.IMPORT.value, "Bring posts in"),
    (Scope.ADMIN.value, "Administer the brand"),
]
LIVES = [("30", "in 30 days"), ("90", "in 90 days"), ("365", "in a year"), ("", "never")]


@lru_cache(maxsize=1)
def zones() -> list[tuple[str, str]]:
    """Every time zone by name, those of places first."""
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones(), key=_by_place)]


def _by_place(name: str) -> tuple[bool, bool, str]:
    return name != "UTC", "/" not in name or name.startswith(("Etc/", "SystemV/")), name


def refuse(form: forms.Form, error: NotPossible) -> None:
    """Show why the pipeline refused: at the field that it names, else above the form."""
    field = error.field if isinstance(error, BadField) and error.field in form.fields else None
    form.add_error(field, str(error))


def _text(
    label: str, complete: str = "off", *, help_text: str = "", required: bool = True
) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": complete})
    return forms.CharField(
        label=label, widget=widget, strip=False, max_length=10_000, help_text=help_text, required=required
    )


def _email(complete: str) -> forms.CharField:
    widget = forms.EmailInput(attrs={"autocomplete": complete})
    return forms.CharField(label="E-mail", widget=widget, max_length=1000)


def _new_password() -> forms.CharField:
    return forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters. A few words that belong to nobody else are best.",
    )


def _zone(label: str = "Time zone", *, help_text: str = "", guess: bool = True) -> forms.ChoiceField:
    widget = forms.Select(attrs={"data-guess-zone": ""} if guess else {})
    return forms.ChoiceField(label=label, choices=zones, widget=widget, initial="UTC", help_text=help_text)


class SetUp(forms.Form):
    """What the first person of a desk gives."""

    name = _text("Your name", "name")
    email = _email("username")
    password = _new_password()
    brand = _text("Brand", "organization", help_text="The firm or label whose customers you answer.")
    time_zone = _zone()


class Join(forms.Form):
    """What a new person gives who was invited."""

    name = _text("Your name", "name")
    password = _new_password()
    time_zone = _zone()


class Code(forms.Form):
    """The secret part of an invitation's link."""

    code = _text("Invitation code", help_text="What stands behind the # in the link you were given.")


class Profile(forms.Form):
    """What a person may choose about themselves."""

    name = _text("Your name", "name")
    time_zone = _zone(help_text="Times are shown in it; the brand’s own time stands on hover.", guess=False)


class Invite(forms.Form):
    """Who is to join a brand."""

    email = _email("off")
    role = forms.ChoiceField(label="Role", choices=ROLES)


class Work(forms.Form):
    """What somebody knows and how much they get."""

    languages = _text("Languages", required=False, help_text="Their codes, like en, de, fr.")
    skills = _text("Skills", required=False, help_text="As the policy names them, like refunds, legal.")
    case_limit = forms.IntegerField(
        label="Open cases at most",
        required=False,
        widget=forms.NumberInput(attrs={"min": 0, "inputmode": "numeric"}),
        help_text="Left empty: as the policy says. 0: the desk gives them none.",
    )


class Connect(forms.Form):
    """An account of ours on a network."""

    channel = forms.ChoiceField(
        label="Network", choices=lambda: [(name, name) for name in accounts.channels()]
    )
    base_url = _text("Server", help_text="For example https://social.example")
    handle = _text("Account", required=False, help_text="Left empty, it is read from the network.")
    token = forms.CharField(
        label="Access token",
        strip=False,
        max_length=10_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Checked with the network now, kept encrypted, never shown again.",
    )


class SignIn(forms.Form):
    """An account to be connected by signing in on its own server."""

    channel = forms.ChoiceField(
        label="Network", choices=lambda: [(name, name.capitalize()) for name in connecting.channels()]
    )
    server = _text(
        "Server", help_text="Its address, or the account’s: social.example or @brand@social.example."
    )
    pasted = forms.BooleanField(label="Let the server show me a code to paste here", required=False)


class SignInAgain(forms.Form):
    """A new token for an account, by signing in on its own server."""

    pasted = SignIn.base_fields["pasted"]


class ShownCode(forms.Form):
    """The code that a server showed."""

    code = forms.CharField(
        label="Code",
        strip=True,
        max_length=10_000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "code"}),
    )


class Reconnect(forms.Form):
    """A new token for an account."""

    token = Connect.base_fields["token"]


class Source(forms.Form):
    """A channel whose posts another system delivers."""

    channel = _text("Name of the channel", help_text="As the inbox will show it, like forum or shop-reviews.")


class AlertHook(forms.Form):
    """An address that a brand's alerts are posted to."""

    address = _text(
        "Address", help_text="Begins with https://. It is kept encrypted; only its host is shown."
    )


class Token(forms.Form):
    """An API token to make."""

    name = _text("Name", help_text="Which system will use it.")
    scopes = forms.MultipleChoiceField(label="It may", widget=forms.CheckboxSelectMultiple, choices=SCOPES)
    expires = forms.ChoiceField(label="It ends", choices=LIVES, required=False, initial="90")


class BrandName(forms.Form):
    """What a brand is called."""

    brand = forms.CharField(label="Name of the brand", max_length=LONGEST_NAME)


class NewBrand(BrandName):
    """A brand to make."""

    time_zone = _zone("Its time zone")
