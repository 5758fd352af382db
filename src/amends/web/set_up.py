"""The first visit to a new desk: who may become its first admin."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.http import HttpRequest

from amends.pipeline import set_up_code
from amends.web.forms import SetUp


class SetUpFromElsewhere(SetUp):
    """The same for a visitor who may be anybody: with the code that only whoever runs the machine has."""

    code = forms.CharField(
        label="Set-up code",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="The desk said it when it was started; it also stands in set-up-code of its data folder.",
    )
    field_order = ["code"]

    def clean_code(self) -> str:
        """The code, or a word on where it is."""
        given = str(self.cleaned_data["code"])
        if not set_up_code.opens(given):
            raise forms.ValidationError("That is not this desk's code. Nothing was changed.")
        return given


def form_for(request: HttpRequest) -> SetUp:
    """The form to be filled in, which asks visitors from other machines for the code."""
    kind = SetUp if _is_at_the_machine(request) else SetUpFromElsewhere
    return kind(request.POST or None)


def _is_at_the_machine(request: HttpRequest) -> bool:
    """Whether the visitor is on this machine for certain, with no proxy in between that says nothing."""
    way = getattr(request, "way", None)
    silent = way is not None and way.told and not way.trusted
    here = urlsplit(settings.URL).hostname or ""
    return not silent and _is_loopback(request.META.get("REMOTE_ADDR", "")) and _is_loopback(here)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
